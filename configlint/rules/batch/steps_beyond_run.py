"""A logging, evaluation or save interval is longer than the run.

logging_steps, eval_steps and save_steps count optimizer steps of accumulation x per_device x replicas samples
each, not batches. With an interval longer than the run, nothing is logged, evaluated or saved before its end.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {train_examples: 6400}
    training: {num_train_epochs: 1, logging_steps: 10, eval_strategy: steps, eval_steps: 500}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {train_examples: 6400}
    training: {num_train_epochs: 1, logging_steps: 10, eval_strategy: steps, eval_steps: 20}

Source: transformers 5.23 trainer_callback.py, DefaultFlowCallback.on_step_end
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import is_run_wrong
from configlint.rules.checkpoint import skips_evaluations

_WORDS = {"logging": "logged", "eval": "evaluated", "save": "saved"}


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    total = plan.schedule.total_steps
    if not total or not plan.batch.trained or is_run_wrong(plan):
        return
    for kind, happens in _WORDS.items():
        steps = getattr(plan.intervals, f"{kind}_steps")
        if getattr(plan.intervals, f"{kind}_strategy") != "steps" or steps is None or steps <= total:
            continue
        if kind == "save" and skips_evaluations(plan):
            continue  # checkpoint/unsaved-best
        path = f"training.{kind}_steps"
        # Not `plan.given`: an eval_steps of 0 is the logging interval.
        given = path in plan.origins and plan.origins[path].how == "given"
        if not given and kind != "logging":
            continue  # the Trainer evaluates and saves at the end of the run in any case
        default = "" if given else f" ({plan.trainer if plan.release.trl else 'the Trainer'}'s default)"
        yield Finding(
            path if given else "training",
            f"`{plan.name(path)}` {steps:,.15g}{default} exceeds the run of {count(total, 'step')},"
            f" so nothing is {happens} before its end",
            [Put(path, max(total // 10, 1), "ten times in the run" if total >= 10 else "at each step")],
            None if given else Severity.INFO,
            on_key=not given,
        )
