"""The learning rate follows a metric, and nothing is evaluated.

reduce_lr_on_plateau and greedy take their step after an evaluation. The Trainer refuses to start without
one: after the queue, when TrainingArguments is built.

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
from configlint.core.rule import Finding, rule
from configlint.rules.schedule import BY_METRIC


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    # Asked of the argument, so also where DeepSpeed has a schedule of its own.
    name, known = plan.argument("lr_scheduler_type"), plan.release.arguments.get("lr_scheduler_type")
    if name not in BY_METRIC or not known or name not in known.choices or plan.intervals.eval_strategy != "no":
        return
    path = plan.path("eval_strategy")
    yield Finding(
        plan.path("lr_scheduler_type"),
        f"{name} follows a metric, and nothing is evaluated",
        f"write `{path.rpartition('.')[2]}: epoch` or `steps`",
        related=((path, "eval_strategy no"),) if plan.given(path) else (),
    )
