"""A number is not finite.

JSON has neither infinity nor NaN: only Python could read the file that would be written, and a learning rate of NaN
trains nothing.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {max_grad_norm: .inf}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {max_grad_norm: 1.0e+9}

Source: RFC 8259, The JavaScript Object Notation (JSON) Data Interchange Format, section 6
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite, isnan

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.rules.argument import is_compiled

# Of numbers elsewhere, their form says what they must be.
_OPEN = ("training.", "arguments.", "parallel.fsdp.", "parallel.deepspeed.")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    # Where the job reads the user's own file, infinity reaches it; NaN is never meant.
    is_good = isfinite if is_compiled(plan) else _is_number
    for path, setting in plan.spec.settings.items():
        if path.startswith(_OPEN) and not _all(is_good, setting.value):
            yield _finding(plan, path, setting.value)


def _finding(plan: Plan, path: str, value: object) -> Finding:
    name, why = plan.name(path), "JSON has neither infinity nor NaN" if is_compiled(plan) else ""
    if not isinstance(value, float):
        return Finding(path, f"all numbers in `{name}` must be finite" + (f": {why}" if why else ""))
    # Of all arguments this is the one that people set to infinity.
    is_off = path == "training.max_grad_norm" and value > 0
    remedy: Remedy = Put(path, 0, "0 turns clipping off") if is_off else Drop(path)
    message = f"`{name}` must be finite, got {code(value)}" + (f": {why}" if why else "")
    return Finding(path, message, [remedy])


def _all(is_good: Callable[[float], bool], value: object) -> bool:
    if isinstance(value, dict | list):
        return all(_all(is_good, each) for each in (value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or is_good(value)


def _is_number(value: float) -> bool:
    return not isnan(value)
