"""Something is to be logged or evaluated every 0 steps.

The Trainer refuses it: after the queue, when TrainingArguments is built. Without eval_steps it evaluates
every logging_steps, so that a 0 there counts also where nothing is logged by steps.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {logging_steps: 0}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {logging_strategy: "no"}

Source: transformers 5.23 training_args.py, __post_init__ and _validate_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import code


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    intervals, steps = plan.intervals, plan.intervals.logging_steps
    if steps is None or steps > 0:
        return
    if intervals.logging_strategy == "steps" and steps == 0:
        yield Finding(
            "training.logging_steps",
            "logging_strategy steps needs logging_steps above 0",
            'write `logging_strategy: "no"` to log nothing',
        )
    elif intervals.eval_strategy == "steps" and plan.training.get("eval_steps") in (None, 0):
        is_what = "0 too" if steps == 0 else code(steps)
        yield Finding(
            "training.eval_steps",
            f"eval_strategy steps needs eval_steps above 0, or logging_steps, which is {is_what}",
            "write eval_steps",
        )
