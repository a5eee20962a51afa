"""`split_batches` divides the batch by the number of replicas.

With it, per_device_train_batch_size is the batch of all replicas together, so the effective batch is
per_device x accumulation alone. The Trainer still logs the product with the replicas, and a batch that the
replicas do not divide fails when the data loader is built.

Bad:

    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {accelerator_config: {split_batches: true}}

Good:

    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {accelerator_config: {split_batches: false}}

Source: accelerate 1.15 data_loader.py, prepare_data_loader; run: 2 ranks at per_device 8 get batches of 4
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.rules.batch import accelerator_config, without


@rule(Severity.ERROR, when=lambda plan: plan.writes("accelerator_config", "split_batches"))
def check(plan: Plan) -> Iterator[Finding]:
    batch, replicas = plan.batch, plan.parallel.replicas
    # Until 4.50 the class has it by itself too.
    own = plan.training.get("split_batches") is True and "split_batches" in plan.release.arguments
    if not own and accelerator_config(plan).get("split_batches") is not True:
        return
    if not batch.per_device or not batch.accumulation or not replicas or replicas == 1:
        return
    message = f"`split_batches` splits each batch of {batch.per_device} over {replicas} replicas"
    if batch.per_device % replicas:
        message = message.replace("splits each", "cannot split a") + ", so the data loader fails"
    else:
        trained = batch.per_device * batch.accumulation
        message += f", so a step trains {trained:,} samples instead of {batch.trained or 0:,}"
    path = "training.split_batches" if own else "training.accelerator_config"
    yield Finding(path, message, [Drop(path) if own else without(plan, "split_batches")], on_key=True)
