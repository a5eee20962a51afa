"""A layer-wise optimizer is chosen for a job of several processes.

These optimizers update each layer as soon as it has its gradient, before the processes have agreed on it. The
Trainer refuses them in a distributed run, when it makes the optimizer: after the queue and the loading of the
model. What torchrun and accelerate start is a distributed run also on one device.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {optim: galore_adamw_layerwise, optim_target_modules: all-linear}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {optim: galore_adamw, optim_target_modules: all-linear}

Source: transformers 5.23 trainer_optimizer.py, _setup_low_rank_optimizer; run: under torchrun with one process
TrainingArguments has parallel_mode DISTRIBUTED
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.argument._resolved import is_layerwise


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    world, launch = plan.parallel.world, plan.launch
    if world is None or not is_layerwise(plan):
        return
    name, path = plan.argument("optim"), plan.path("optim")
    help = f"write `optim: {str(name).removesuffix('_layerwise')}`"
    if world > 1:
        related = (("hardware.devices_per_node", count(world, "device")),)
        yield Finding(path, f"{name} does not train on {count(world, 'device')}", help, related=related)
    elif launch.script or launch.module:
        yield Finding(path, f"{name} does not train under {launch.launcher}, on one device either", help)
