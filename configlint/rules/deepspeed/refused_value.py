"""A value is one that DeepSpeed refuses, or takes for another.

In zero_optimization it makes a number or a truth value of the plain texts, and refuses all others when the engine
is built: after the queue and the loading of the model. What is offloaded is a section there, not true. At the top
level it asks only whether a flag is true, which any text is, also "false" and `no`, a text in YAML 1.2.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {zero_optimization: {reduce_bucket_size: "5e8"}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {zero_optimization: {reduce_bucket_size: 5e8}}}

Source: deepspeed 0.19.8 runtime/zero/config.py and offload_config.py (pydantic's types; run: what it makes of each
value); runtime/config_utils.py, DeepSpeedConfigModel (`auto` is left out), get_scalar_param (nothing is converted)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.spec import Setting
from configlint.core.wording import code
from configlint.rules.argument._kinds import as_boolean, as_number
from configlint.rules.deepspeed import OFFLOADS, SECTION, settings, stage
from configlint.rules.deepspeed._keys import FLAGS, NUMBERS, TOP_FLAGS, WHOLE

# What pydantic reads in a text.
_WORDS = ("0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes")
_WHOLE = re.compile(r"\s*[+-]?\d+(_\d+)*(\.0*)?\s*", re.ASCII)


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is None:
        return
    for key, setting in settings(plan):
        value = setting.value
        # What a section stands in the place of, null and `auto` are no matter of types.
        if setting.mapping or value is None or (value == "auto" and key not in OFFLOADS):
            continue
        if key in OFFLOADS:
            yield _offload(key, value)
        elif key in TOP_FLAGS:
            yield from _top_flag(key, value)
        elif key in FLAGS and not _is_flag(value):
            yield _finding(key, "true or false", setting, as_boolean(value, ("boolean",)))
        elif key in WHOLE and not _is_whole(value):
            yield _finding(key, "a whole number", setting, as_number(value, ("integer",)))
        elif key in NUMBERS and not _is_number(value):
            yield _finding(key, "a number", setting, None)


def _finding(key: str, noun: str, setting: Setting, meant: object) -> Finding:
    value = setting.value
    what = f'the text "{value}"' if isinstance(value, str) else code(value)
    takes = f"takes it for {int(value)}" if isinstance(value, bool) else "refuses it"
    path, name = SECTION + key, key.rpartition(".")[2]
    message = f"{name} is {noun}, not {what}, and DeepSpeed {takes}"
    if meant is None:
        return Finding(path, message)
    help = f"write {code(meant)}" if isinstance(meant, bool) else f"write {value}, without quotes"
    return Finding(path, message, help, fix=Change(path, value=meant))


def _offload(key: str, value: object) -> Finding:
    path, name = SECTION + key, key.rpartition(".")[2]
    message = f"{name} is a section with keys of its own, not {code(value)}, and is refused"
    if value in (False, "none", "auto"):
        return Finding(path, message, "delete it: nothing is offloaded then", fix=Change(path, delete=True))
    device = "{device: nvme, nvme_path: ...}" if value == "nvme" else "{device: cpu}"
    return Finding(path, message, f"write `{name}: {device}`")


def _top_flag(key: str, value: object) -> Iterator[Finding]:
    meant = as_boolean(value, ("boolean",))
    if not isinstance(value, str) or not value or meant is True:
        return
    message = f'{key} is true or false, and the text "{value}" is true like any other'
    fix = Change(SECTION + key, value=False) if meant is False else None
    yield Finding(SECTION + key, message, "write false" if fix else "write true or false", fix=fix)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool) or value in (0, 1) or (isinstance(value, str) and value.lower() in _WORDS)


def _is_whole(value: object) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return bool(_WHOLE.fullmatch(value)) if isinstance(value, str) else type(value) is int


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) or as_number(value, ("number",)) is not None
