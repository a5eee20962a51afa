"""A layer-wise optimizer cannot accumulate gradients.

These optimizers update each layer as soon as its gradient is computed, so no gradient is kept to accumulate.
The Trainer rejects accumulation when it creates the optimizer, after the model is loaded.

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
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import optimizer


@rule(Severity.ERROR, when=lambda plan: plan.writes("optim"))
def check(plan: Plan) -> Iterator[Finding]:
    accumulation, launch, made = plan.batch.accumulation, plan.launch, optimizer(plan)
    # What argument/distributed-layerwise refuses gets no further.
    if plan.parallel.world != 1 or launch.script or launch.module or made is None or made.layerwise_of is None:
        return
    if accumulation is not None and accumulation > 1:
        path = plan.path("optim")
        factor = f"`{plan.name('batch.accumulation')}` {accumulation}"
        yield Finding(
            path,
            f"`{plan.name(path)}` {made.name} cannot accumulate gradients: the Trainer rejects {factor}",
            [Put(path, made.layerwise_of), *_at_once(plan)],
            related=(("batch.accumulation", factor),),
        )


def _at_once(plan: Plan) -> Iterator[Put]:
    """To train all samples of a step at once, where one setting does it."""
    batch = plan.batch
    if not batch.pinned_per_device or not plan.given("batch.effective"):
        yield Put("batch.accumulation", 1)
    elif not batch.pinned_accumulation and batch.trained:
        yield Put("batch.per_device", batch.trained)
