"""A schedule-free optimizer reads a share of the run as its number of warmup steps.

The Trainer passes warmup_steps on unchanged, and the optimizer reads it as a number of steps: its first step has
1 / warmup_steps times the learning rate, so 33 times for 0.03. A schedule with its own warmup has a rate of 0 at
that step; constant, the schedule for these optimizers, does not.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {optim: schedule_free_adamw, lr_scheduler_type: constant, warmup_steps: 0.03}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {optim: schedule_free_adamw, lr_scheduler_type: constant, warmup_steps: 100}

Source: transformers 5.23 trainer_optimizer.py, _get_schedule_free_optimizer; run: schedulefree 1.4.1 at a rate
of 0.001 and 0.03 warmup steps takes its first step at 0.033
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Move, Put
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.rules.schedule._made import WITHOUT_WARMUP, has_own_warmup, scheduler


@rule(Severity.ERROR, when=lambda plan: plan.writes("optim"))
def check(plan: Plan) -> Iterator[Finding]:
    optim, share = plan.argument("optim"), real(plan.argument("warmup_steps"))
    if not has_own_warmup(plan) or scheduler(plan) not in WITHOUT_WARMUP or plan.release.transformers < (5, 0):
        return
    if share is not None and 0 < share < 1:
        path = plan.path("warmup_steps")
        yield Finding(
            path,
            f"{optim} reads `{plan.name(path)}` {share} as a number of steps, so its first step has"
            f" {1 / share:.3g} times the learning rate",
            [_number(plan, path, share)],
            related=((plan.path("optim"), f"`{plan.name(plan.path('optim'))}` {optim}"),),
        )


def _number(plan: Plan, path: str, share: float) -> Put | Move:
    """The share as a number of steps, as far as the length of the run is known."""
    total = plan.schedule.total_steps
    number = ceil(share * total) if total else 100
    if path.endswith(".warmup_steps"):
        return Put(path, number)
    return Move(path, "training.warmup_steps", number)
