"""A schedule-free optimizer is given a share of the run as its number of warmup steps.

The Trainer hands warmup_steps on as it stands, and the optimizer takes it for a number: its first step has
step / warmup_steps of the learning rate, which below 1 is more than was written, some 33 times as much for
0.03. Under a schedule with a warmup of its own the rate is 0 at that step; under constant, which is the
one meant for these optimizers, it is not.

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

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.rules.schedule._made import OWN_WARMUP, WITHOUT_WARMUP, scheduler


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    optim, share = plan.argument("optim"), real(plan.argument("warmup_steps"))
    if optim not in OWN_WARMUP or scheduler(plan) not in WITHOUT_WARMUP or plan.release.transformers < (5, 0):
        return
    if share is not None and 0 < share < 1:
        path = plan.path("warmup_steps")
        yield Finding(
            path,
            f"{optim} takes {path.rpartition('.')[2]} for a number of steps: {share} makes the first step"
            f" {1 / share:.3g} times as large as learning_rate",
            "write the number of steps",
            related=((plan.path("optim"), f"optim {optim}"),),
        )
