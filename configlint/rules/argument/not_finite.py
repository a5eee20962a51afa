"""A number is not finite.

JSON has neither infinity nor NaN: what would be emitted is read by Python alone, and a learning rate
that is no number trains nothing.

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
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for path, setting in plan.spec.settings.items():
        if path.startswith(("training.", "arguments.", "parallel.")) and not _is_finite(setting.value):
            name = path.rpartition(".")[2]
            yield Finding(path, f"`{name}` is not finite, and JSON has no such number", "write a number")


def _is_finite(value: object) -> bool:
    if isinstance(value, dict | list):
        return all(map(_is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or isfinite(value)
