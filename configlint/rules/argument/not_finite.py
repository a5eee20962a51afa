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

from collections.abc import Iterator
from math import isfinite

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import code


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for path, setting in plan.spec.settings.items():
        if path.startswith(("training.", "arguments.", "parallel.")) and not _is_finite(setting.value):
            yield _finding(plan, path, setting.value)


def _finding(plan: Plan, path: str, value: object) -> Finding:
    name = plan.name(path)
    if not isinstance(value, float):
        return Finding(path, f"all numbers in `{name}` must be finite: JSON has neither infinity nor NaN")
    # Of all arguments this is the one that people set to infinity.
    is_off = path == "training.max_grad_norm" and value > 0
    remedy: Remedy = Put(path, 0, "0 turns clipping off") if is_off else Drop(path)
    return Finding(path, f"`{name}` must be finite, got {code(value)}: JSON has no such number", [remedy])


def _is_finite(value: object) -> bool:
    if isinstance(value, dict | list):
        return all(map(_is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or isfinite(value)
