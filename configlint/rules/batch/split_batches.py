"""`split_batches` divides the batch by the replicas.

With it, per_device_train_batch_size is the batch of all replicas together: the effective batch is
per_device x accumulation alone. The Trainer goes on logging the product with the replicas, which is
wrong, and a batch that cannot be shared out fails when the data loader is built.

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
from configlint.core.rule import Finding, rule
from configlint.rules.batch import accelerator_config


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    batch, replicas = plan.batch, plan.parallel.replicas
    # Until 4.50 the class has it by itself too.
    own = plan.training.get("split_batches") is True and "split_batches" in plan.release.arguments
    if not own and accelerator_config(plan).get("split_batches") is not True:
        return
    if not batch.per_device or not batch.accumulation or not replicas or replicas == 1:
        return
    message = f"split_batches shares each batch of {batch.per_device} out over {replicas} replicas"
    if batch.per_device % replicas:
        message += ", and it cannot be divided by them"
    else:
        trained = f"{batch.per_device} x {batch.accumulation} = {batch.per_device * batch.accumulation}"
        message += f": {trained} samples are trained, not {batch.trained}"
    yield Finding(
        "training.split_batches" if own else "training.accelerator_config",
        message,
        "leave out split_batches",
        on_key=True,
    )
