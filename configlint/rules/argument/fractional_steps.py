"""A number of steps is above 1 and not an integer.

A value below 1 is a share of the run, a value from 1 on is a number of steps. The Trainer rejects 1.5 as an
interval when TrainingArguments is built, after the job has waited in the queue. For the warmup it silently drops
the fraction.

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
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import code
from configlint.rules.argument import has_floats


@rule(Severity.ERROR, when=has_floats)
def check(plan: Plan) -> Iterator[Finding]:
    intervals = plan.intervals
    for kind in ("logging", "eval", "save"):
        steps, path = getattr(intervals, f"{kind}_steps"), f"training.{kind}_steps"
        if getattr(intervals, f"{kind}_strategy") != "steps" or not _is_fraction(steps):
            continue
        # Without eval_steps the logging interval is used, and that has been reported already.
        if kind == "eval" and not real(plan.training.get("eval_steps")) and intervals.logging_strategy == "steps":
            continue
        source = "" if plan.given(path) else f" (from `{plan.name('training.logging_steps')}`)"
        message = f"`{plan.name(path)}` must be an integer or a share of the run below 1, got {code(steps)}{source}"
        yield Finding(path, message, _rounded(path, steps))
    warmup = real(plan.training.get("warmup_steps"))
    # Until 5.0 it had to be an integer.
    if warmup is not None and _is_fraction(warmup) and plan.release.transformers >= (5, 0):
        path = "training.warmup_steps"
        what = f"`{plan.name(path)}` must be an integer or a share of the run below 1"
        message = f"{what}; the Trainer truncates {code(warmup)} to {int(warmup)}"
        yield Finding(path, message, _rounded(path, warmup), Severity.WARNING)


def _is_fraction(steps: float | None) -> bool:
    return steps is not None and steps > 1 and steps != int(steps)


def _rounded(path: str, steps: float) -> list[Put]:
    return [Put(path, int(steps)), Put(path, int(steps) + 1)]
