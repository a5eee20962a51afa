"""The model's config cannot be found.

It is neither the name or hub id of a bundled profile nor a readable config.json. The job trains as written, but
memory and everything else that depends on the model's shape is not checked. A misspelt name of a profile and a path
that leads nowhere are errors; that there is no profile of a model is only worth knowing where its memory would be
computed.

Bad:

    model: {config: lama-3.1-8b}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    model: {config: llama-3.1-8b}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: configlint 0.1 knowledge/models, the profiles
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Say
from configlint.core.rule import Finding, rule
from configlint.core.values import text
from configlint.core.wording import distance, listing

_PATH = "model.config"
# What a name says of a size, beside numbers.
_SIZES = frozenset(["tiny", "mini", "small", "base", "medium", "large", "xl"])


@rule(Severity.ERROR, when=lambda plan: bool(plan.known_models))
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get(_PATH)
    name = text(setting.value) if setting else None
    if name is None or not plan.known_models:
        return
    said = f"`{plan.name(_PATH)}` {name}"
    if _is_path(name):
        advice = Say("write a path that starts from the folder of this file")
        yield Finding(_PATH, f"{said} is not a readable config.json", [advice])
    elif close := next((known for known in plan.known_models if _is_misspelt(name, known)), None):
        yield Finding(_PATH, f"{said} is unknown", [Put(_PATH, close), Say("write the path of its config.json")])
    elif plan.memory.missing == (_PATH,) and plan.memory.capacity is not None:
        message = f"{said} is neither a bundled profile nor a readable config.json, so memory is not checked"
        yield Finding(_PATH, message, [_advice(plan, name)], Severity.INFO)


def _is_path(name: str) -> bool:
    """Whether it can only be a path: a hub id is an owner and a name."""
    return name.endswith(".json") or name.startswith((".", "/", "~")) or name.count("/") > 1


def _is_misspelt(name: str, known: str) -> bool:
    """Whether it is a known name but for a letter or two: another number or another size is another model."""
    sizes = [_SIZES & {*re.split(r"[-_. ]", each.lower())} for each in (name, known)]
    word, meant = (re.sub(r"[-_. ]", "", each.lower()) for each in (name, known))
    digits = [re.sub(r"\D", "", each) for each in (word, meant)]
    return digits[0] == digits[1] and sizes[0] == sizes[1] and distance(word, meant, 2) <= 2


def _advice(plan: Plan, name: str) -> Say:
    # Of a hub id, what stands behind the owner.
    close = plan.nearest(name.rpartition("/")[2], plan.known_models)
    if close:
        return Say(f"write the path of its config.json, or `config: {close}` if it has that architecture")
    families = dict.fromkeys(known.partition("-")[0] for known in plan.known_models)
    return Say(f"write the path of its config.json; bundled profiles are of {listing(families)}")
