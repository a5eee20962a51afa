"""The data set is smaller than one micro-batch over all replicas.

Samples are repeated until every replica has its batch, so that the same example counts several times
in one step; a single replica trains a smaller batch. With `dataloader_drop_last` there is no batch at
all, and the Trainer fails with a message about a data loader without length.

Bad:

    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {train_examples: 40}

Good:

    batch: {effective: 16, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {train_examples: 40}

Source: accelerate 1.15 data_loader.py, BatchSamplerShard (even_batches); transformers 5.23 trainer.py,
set_initial_training_values
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.batch import replicas_in_words


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    examples, per_device, replicas = plan.data.train_examples, plan.batch.per_device, plan.parallel.replicas
    if not examples or not per_device or not replicas or examples >= per_device * replicas:
        return
    message = f"{examples} examples do not fill one batch of {per_device} x {replicas} replicas"
    help = f"per_device {examples // replicas} at most" if examples >= replicas else f"{examples} replicas at most"
    if plan.training.get("dataloader_drop_last") is True:
        yield Finding(
            "data.train_examples", f"{message}, and dataloader_drop_last drops it", help,
            related=(replicas_in_words(plan),),
        )  # fmt: skip
    else:
        # Only where batches are dealt to several replicas is the last one filled.
        short = "samples are repeated in it" if replicas > 1 else f"it has {examples} samples"
        yield Finding(
            "data.train_examples", f"{message}: {short}", help, Severity.WARNING,
            related=(replicas_in_words(plan),),
        )  # fmt: skip
