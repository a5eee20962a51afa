"""The interval of logging or evaluation is 0 steps.

The Trainer rejects it: the job fails when it creates TrainingArguments, after it has waited in the queue. Without
`eval_steps` the Trainer evaluates every `logging_steps`, so a 0 there fails even where nothing is logged by
steps.

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
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import code

_STRATEGY, _LOGGING, _EVAL = "training.logging_strategy", "training.logging_steps", "training.eval_steps"


@rule(Severity.ERROR, when=lambda plan: (plan.intervals.logging_steps or 0) <= 0)
def check(plan: Plan) -> Iterator[Finding]:
    intervals, steps = plan.intervals, plan.intervals.logging_steps
    if steps is None or steps > 0:
        return
    if intervals.logging_strategy == "steps" and steps == 0:
        by_steps = f"while `{plan.name(_STRATEGY)}` is steps"
        message = f"`{plan.name(_LOGGING)}` must be more than 0 {by_steps}, got {code(steps)}"
        remedies = [Put(_STRATEGY, "no"), Put(_LOGGING, 500)]
        # An evaluation that takes its interval from there would fail without logging all the same.
        yield Finding(_LOGGING, message, remedies[1:] if _falls_back(plan) else remedies)
    elif _falls_back(plan):
        by_steps = f"`{plan.name(plan.path('eval_strategy'))}` steps"
        either = f"`{plan.name(_EVAL)}` or `{plan.name(_LOGGING)}`"
        message = f"{by_steps} requires {either} above 0, got `{plan.name(_LOGGING)}` {code(steps)}"
        yield Finding(_EVAL, message, [Put(_EVAL, 500)])


def _falls_back(plan: Plan) -> bool:
    """Whether evaluation takes its interval from logging."""
    return plan.intervals.eval_strategy == "steps" and plan.training.get("eval_steps") in (None, 0)
