"""A low-rank optimizer is chosen, and not the modules that it is for.

GaLore and APOLLO work on the layers that optim_target_modules names. Without it the Trainer fails when it makes
the optimizer: after the queue and the loading of the model.

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
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import optimizer


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    name = optimizer(plan) or ""
    if name.startswith(("galore_", "apollo_")) and plan.training.get("optim_target_modules") is None:
        yield Finding(
            plan.path("optim"),
            f"{name} needs optim_target_modules",
            "write `optim_target_modules: all-linear`, or a list of names",
        )
