"""The schedule requires evaluation, but nothing is evaluated.

reduce_lr_on_plateau and greedy change the rate after each evaluation. Without one the Trainer refuses to start: the
job fails when TrainingArguments is created.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {lr_scheduler_type: reduce_lr_on_plateau}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {lr_scheduler_type: reduce_lr_on_plateau, eval_strategy: epoch}

Source: transformers 5.23 training_args.py, _validate_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.schedule import BY_METRIC, is_by_metric


@rule(Severity.ERROR, when=is_by_metric)
def check(plan: Plan) -> Iterator[Finding]:
    # Asked of the argument, so also where DeepSpeed has a schedule of its own.
    name, known = plan.argument("lr_scheduler_type"), plan.release.arguments.get("lr_scheduler_type")
    if name not in BY_METRIC or not known or name not in known.choices or plan.intervals.eval_strategy != "no":
        return
    path = plan.path("eval_strategy")
    strategy = f"`{plan.name(path)}`"
    default = "" if plan.given(path) else " (the Trainer's default)"
    yield Finding(
        plan.path("lr_scheduler_type"),
        f"the schedule {name} requires evaluation, but {strategy} is no{default}",
        [Put(path, "epoch"), Put(path, "steps")],
        related=((path, f"{strategy} is no"),) if plan.given(path) else (),
    )
