"""A low-rank optimizer is set without the modules that it applies to.

GaLore and APOLLO require `optim_target_modules`, the layers that they apply to. Without it the Trainer fails when
it creates the optimizer, after the job has waited in the queue and loaded the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {optim: galore_adamw}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {optim: galore_adamw, optim_target_modules: all-linear}

Source: transformers 5.23 trainer_optimizer.py, _setup_low_rank_optimizer
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import optimizer


@rule(Severity.ERROR, when=lambda plan: plan.writes("optim"))
def check(plan: Plan) -> Iterator[Finding]:
    made = optimizer(plan)
    if made and "optim_target_modules" in made.reads and plan.training.get("optim_target_modules") is None:
        path, modules = plan.path("optim"), "training.optim_target_modules"
        message = f"`{plan.name(path)}` {made.name} requires `{plan.name(modules)}`"
        yield Finding(path, message, [Put(modules, "all-linear")])
