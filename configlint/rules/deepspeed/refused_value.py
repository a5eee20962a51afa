"""DeepSpeed rejects a value, or reads it as another one.

In zero_optimization it converts strings in plain notation to numbers and booleans and rejects all others when the
engine is built: after the job has queued and loaded the model. An offload there is a mapping, not true. At the top
level it only tests whether a flag is truthy, so every non-empty string turns it on: "false", and `no`, which YAML
1.2 reads as a string.

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
from collections.abc import Iterator, Sequence

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.rules.argument._kinds import as_boolean, as_number
from configlint.rules.deepspeed import OFFLOADS, SECTION, got, settings, stage
from configlint.rules.deepspeed._keys import FLAGS, NUMBERS, TOP_FLAGS, WHOLE

# What pydantic reads in a text.
_WORDS = ("0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes")
_WHOLE = re.compile(r"\s*[+-]?\d+(_\d+)*(\.0*)?\s*", re.ASCII)
_BOTH = (True, False)


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    number = stage(plan)
    if number is None:
        return
    for key, setting in settings(plan):
        value = setting.value
        # What a section stands in the place of, null and `auto` are no matter of types.
        if setting.mapping or value is None or (value == "auto" and key not in OFFLOADS):
            continue
        if key in OFFLOADS:
            yield _offload(key, value, number)
        elif key in TOP_FLAGS:
            yield from _top_flag(key, value)
        elif key in FLAGS and not _is_flag(value):
            yield _finding(key, "true or false", value, as_boolean(value, ("boolean",)))
        elif key in WHOLE and not _is_whole(value):
            yield _finding(key, "an integer", value, as_number(value, ("integer",)))
        elif key in NUMBERS and not _is_number(value):
            yield _finding(key, "a number", value, None)


def _finding(key: str, noun: str, value: object, meant: object) -> Finding:
    path, name = SECTION + key, key.rpartition(".")[2]
    reads = f"reads it as {int(value)}" if isinstance(value, bool) else "rejects it"
    remedy: Remedy = Drop(path, "DeepSpeed then uses its own default")
    if meant is not None:
        remedy = Put(path, meant, safe=True)
    return Finding(path, f"`{name}` must be {noun}, got {got(value)}; DeepSpeed {reads}", [remedy])


def _offload(key: str, value: object, number: int) -> Finding:
    path, name = SECTION + key, key.rpartition(".")[2]
    message = f"`{name}` must be a mapping, got {code(value)}; DeepSpeed rejects it"
    return Finding(path, message, [_mapping(path, key, value, number)])


def _mapping(path: str, key: str, value: object, number: int) -> Remedy:
    """What was meant, as far as the stage can do it."""
    if value in (False, "none", "auto"):
        return Drop(path, "nothing is offloaded then", safe=True)
    if key == OFFLOADS[1] and number < 3:
        return Drop(path, "only ZeRO-3 offloads parameters")
    if number == 0:
        return Drop(path, "an offloaded optimizer fails under ZeRO-0")
    if value == "nvme" and number == 3:
        return Put(path, {"device": "nvme", "nvme_path": "/path/to/nvme"})
    return Put(path, {"device": "cpu"})


def _top_flag(key: str, value: object) -> Iterator[Finding]:
    meant = as_boolean(value, ("boolean",))
    if not isinstance(value, str) or not value or meant is True:
        return
    path = SECTION + key
    message = f"`{key}` must be true or false; {got(value)} is non-empty, so it counts as true"
    remedies: Sequence[Remedy] = [Put(path, flag) for flag in _BOTH]
    yield Finding(path, message, remedies if meant is None else [Put(path, False, safe=True)])


def _is_flag(value: object) -> bool:
    return isinstance(value, bool) or value in (0, 1) or (isinstance(value, str) and value.lower() in _WORDS)


def _is_whole(value: object) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return bool(_WHOLE.fullmatch(value)) if isinstance(value, str) else type(value) is int


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) or as_number(value, ("number",)) is not None
