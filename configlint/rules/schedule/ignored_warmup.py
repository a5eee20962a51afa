"""The schedule ignores the warmup.

constant, reduce_lr_on_plateau and greedy have no warmup: the first step already has the full learning rate, and the
Trainer silently ignores the setting.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {lr_scheduler_type: constant, warmup_steps: 100}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {lr_scheduler_type: constant_with_warmup, warmup_steps: 100}

Source: transformers 5.23 optimization.py, get_scheduler; run: under constant the first step has learning_rate
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.rules.schedule._made import WITHOUT_WARMUP, has_own_warmup, scheduler


@rule(Severity.WARNING, when=lambda plan: plan.writes("warmup_steps", "warmup_ratio"))
def check(plan: Plan) -> Iterator[Finding]:
    name = scheduler(plan)
    if name not in WITHOUT_WARMUP:
        return
    for argument in ("warmup_steps", "warmup_ratio"):
        value = real(plan.training.get(argument)) or 0
        if plan.release.arguments.get(argument) and value > 0 and not _is_read(plan, argument):
            path, schedule = f"training.{argument}", plan.path("lr_scheduler_type")
            other = [Put(schedule, "constant_with_warmup")] if name == "constant" else []
            yield Finding(
                path,
                f"`{plan.name(path)}` has no effect: the schedule {name} has no warmup",
                [*other, Drop(path)],
                related=((schedule, f"`{plan.name(schedule)}` {name}"),),
            )


def _is_read(plan: Plan, argument: str) -> bool:
    """Whether the optimizer warms up by it: until 5.0 it is not given the ratio."""
    told = argument == "warmup_steps" or plan.release.transformers >= (5, 0)
    return told and has_own_warmup(plan)
