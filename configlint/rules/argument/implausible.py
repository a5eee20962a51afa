"""A number is far outside the range that is used in training.

It is most often a slip: an exponent that was lost (2 for 2e-5), or two arguments that were swapped. The Trainer
takes any number, and the model learns nothing or diverges. The bounds are wide, and optimizers that take other
rates (Adafactor, Lion, SGD) are left out.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2e-5}

Source: arXiv 2005.14165, table 2.1 (6e-5 to 6e-4 with Adam), arXiv 2106.09685, appendix D (LoRA); PEFT's examples
of prompt tuning (3e-2), the highest of these; arXiv 2201.02177 (a weight decay of 1, the highest)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import code
from configlint.rules.argument._resolved import optimizer


class _Range(NamedTuple):
    """The least and the most that is plausible, and what is usual. 0 always is: it turns the thing off."""

    least: float
    most: float
    usual: str


_RANGES = {
    "learning_rate": _Range(1e-9, 0.1, "1e-6 to 1e-3"),
    "weight_decay": _Range(0.0, 1.0, "0 to 0.1"),
    # To clip at a huge norm is a way not to clip.
    "max_grad_norm": _Range(1e-4, float("inf"), "0.1 to 10"),
}


@rule(Severity.WARNING, when=lambda plan: plan.writes("learning_rate", "weight_decay", "max_grad_norm"))
def check(plan: Plan) -> Iterator[Finding]:
    made = optimizer(plan)
    if made is None or not made.is_given("adam_epsilon", plan.release.transformers):
        return
    for name, bounds in _RANGES.items():
        value = real(plan.training.get(name))
        if value is None or value <= 0 or bounds.least <= value <= bounds.most:
            continue
        path = f"training.{name}"
        message = f"`{plan.name(path)}` {code(value)} is implausible with AdamW"
        yield Finding(path, message, [Say(f"write a usual value, {bounds.usual}")])
