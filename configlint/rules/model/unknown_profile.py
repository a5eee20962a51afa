"""The model's config cannot be found.

It is neither the name or Hub id of a bundled profile nor a readable config.json. A misspelt name of a profile is
an error, and so is a path that does not exist. Any other model trains as written: only its memory is not checked,
which is an info where that is all that is missing.

Bad:

    model: {config: qwen25-7b}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    model: {config: qwen2.5-7b}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: configlint 0.1 knowledge/models, the profiles
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.values import text
from configlint.core.wording import letters_apart

_PATH = "model.config"
# Words that say which of several models of one family it is: with another it is another model. Those that make a
# name more than two letters longer need not be here.
_VARIANTS = {
    *("base", "large", "medium", "mini", "small", "tiny", "xl", "xxl"),
    *("cased", "uncased", "it", "distill"),
}


@rule(Severity.ERROR, when=lambda plan: bool(plan.known_models))
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get(_PATH)
    name = text(setting.value) if setting else None
    if name is None or not plan.known_models:
        return
    said, close = f"`{plan.name(_PATH)}` {name}", plan.nearest(name.rpartition("/")[2], plan.known_models)
    if _is_path(name):
        path = Say("write a path that starts from the folder of this file")
        yield Finding(_PATH, f"{said} is not a readable config.json", [path])
    elif close and _is_misspelt(name, close):
        yield Finding(_PATH, f"{said} is unknown", [Put(_PATH, close)])
    elif _is_needed(plan):
        remedies: list[Remedy] = (
            [Put(_PATH, close)] if close and letters_apart(name.rpartition("/")[2], close) == 0 else []
        )
        message = f"{said} is not bundled, so memory is not checked"
        say = Say(f"write the path of its config.json{_or_save(plan, name)}")
        yield Finding(_PATH, message, [*remedies, say], Severity.INFO)


def _or_save(plan: Plan, name: str) -> str:
    """The command that reads what the Hub's cache may have, which decides on nothing that is compiled."""
    if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", name):
        return ""
    return f", which `configlint fit {plan.spec.source.name} --save` takes from the Hub's cache"


def _is_path(name: str) -> bool:
    return name.endswith(".json") or name.startswith((".", "/", "~"))


def _is_misspelt(name: str, close: str) -> bool:
    """Whether it is the name of a profile but for a letter or two, and so the name of no other model."""
    if "/" in name or letters_apart(name, close) > 2 or name[:1].lower() != close[:1]:
        return False
    variants, digits = (
        [{*re.findall(pattern, each.lower())} for each in (name, close)] for pattern in ("[a-z]+", r"\d")
    )
    return variants[0] & _VARIANTS == variants[1] & _VARIANTS and digits[0] == digits[1]


def _is_needed(plan: Plan) -> bool:
    """Whether memory would be checked if this were known."""
    return plan.memory.capacity is not None and plan.memory.missing == (_PATH,)
