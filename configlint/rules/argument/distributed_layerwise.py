"""A layerwise optimizer is used in a distributed job.

Layerwise optimizers update each layer as soon as its gradient is computed, before the processes have averaged it.
The Trainer rejects them in a distributed run when it creates the optimizer, after the job has waited in the queue
and loaded the model. Whatever torchrun or accelerate starts is a distributed run, even on one device.

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
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.knowledge.optimizers import find_optimizer
from configlint.rules.argument._resolved import is_flattened, optimizer


@rule(Severity.ERROR, when=lambda plan: plan.writes("optim"))
def check(plan: Plan) -> Iterator[Finding]:
    world, launch, made = plan.parallel.world, plan.launch, optimizer(plan)
    if world is None or made is None or made.layerwise_of is None:
        return
    path = plan.path("optim")
    what, remedies = f"{plan.name(path)} `{made.name}`", [_another(plan, path, made.layerwise_of)]
    if world > 1:
        related = (("hardware.devices_per_node", count(world, "device")),)
        yield Finding(path, f"{what} cannot run on {count(world, 'device')}", remedies, related=related)
    elif launch.launcher and (launch.script or launch.module):
        yield Finding(path, f"{what} cannot run under {launch.launcher}, even on one device", remedies)


def _another(plan: Plan, path: str, whole: str) -> Remedy:
    """The optimizer for all layers at once, or where that cannot train either, AdamW."""
    if not is_flattened(plan, find_optimizer(whole)):
        return Put(path, whole)
    put, targets = Put(path, "adamw_torch"), plan.path("optim_target_modules")
    return (put, Drop(targets)) if plan.given(targets) else put
