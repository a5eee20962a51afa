"""A number of steps is above 1 and not whole.

Below 1 such a number is a share of the run, from 1 on it counts steps. The Trainer refuses 1.5 as an interval:
after the queue, when TrainingArguments is built. As a warmup it quietly drops the fraction.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {save_steps: 2.5}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {save_steps: 0.25}

Source: transformers 5.23 training_args.py, _validate_args and get_warmup_steps
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import code


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    intervals = plan.intervals
    for kind in ("logging", "eval", "save"):
        steps, path = getattr(intervals, f"{kind}_steps"), f"training.{kind}_steps"
        if getattr(intervals, f"{kind}_strategy") != "steps" or not _is_fraction(steps):
            continue
        # Without eval_steps it is the logging interval, of which logging has said it.
        if kind == "eval" and not real(plan.training.get("eval_steps")) and intervals.logging_strategy == "steps":
            continue
        yield Finding(path, f"{kind}_steps {code(steps)} is above 1 and not whole", _help(steps))
    warmup = real(plan.training.get("warmup_steps"))
    # Until 5.0 it had to be whole.
    if warmup is not None and _is_fraction(warmup) and plan.release.transformers >= (5, 0):
        message = f"warmup_steps {code(warmup)} is above 1 and not whole: {int(warmup)} is taken"
        yield Finding("training.warmup_steps", message, _help(warmup), Severity.WARNING)


def _is_fraction(steps: float | None) -> bool:
    return steps is not None and steps > 1 and steps != int(steps)


def _help(steps: float) -> str:
    return f"write {int(steps)} or {int(steps) + 1}; a share of the run is below 1"
