"""A layer-wise optimizer is chosen, and gradients are accumulated.

These optimizers update each layer as soon as it has its gradient, and keep none to add another to. The Trainer
refuses to accumulate with them, when it makes the optimizer: after the queue and the loading of the model.

Bad:

    batch: {effective: 8, per_device: 1}
    hardware: {accelerator: rtx-4090, devices_per_node: 1}
    training: {optim: galore_adamw_layerwise, optim_target_modules: all-linear}

Good:

    batch: {effective: 8, per_device: 8}
    hardware: {accelerator: rtx-4090, devices_per_node: 1}
    training: {optim: galore_adamw_layerwise, optim_target_modules: all-linear}

Source: transformers 5.23 trainer_optimizer.py, _setup_low_rank_optimizer
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import is_layerwise


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    accumulation, launch = plan.batch.accumulation, plan.launch
    # What argument/distributed-layerwise refuses gets no further.
    if plan.parallel.world != 1 or launch.script or launch.module or not is_layerwise(plan):
        return
    if accumulation is not None and accumulation > 1:
        name = str(plan.argument("optim"))
        yield Finding(
            plan.path("optim"),
            f"{name} cannot accumulate, and the accumulation is {accumulation}",
            f"write `optim: {name.removesuffix('_layerwise')}`, or `accumulation: 1`",
            related=(("batch.accumulation", f"accumulation {accumulation}"),),
        )
