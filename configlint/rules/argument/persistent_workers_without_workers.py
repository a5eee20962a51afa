"""Persistent data loader workers are requested without any workers.

PyTorch's data loader rejects `dataloader_persistent_workers` while `dataloader_num_workers` is 0, the Trainer's
default. The job fails when training starts, after it has waited in the queue and loaded the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {dataloader_persistent_workers: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {dataloader_persistent_workers: true, dataloader_num_workers: 4}

Source: torch 2.13 utils/data/dataloader.py, DataLoader; run: TrainingArguments takes it, and train() fails
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.core.values import natural


@rule(Severity.ERROR, when=lambda plan: plan.writes("dataloader_persistent_workers"))
def check(plan: Plan) -> Iterator[Finding]:
    name, workers = "dataloader_persistent_workers", "training.dataloader_num_workers"
    if plan.training.get(name) is not True or plan.release.arguments.get(name) is None:
        return
    if natural(plan.argument("dataloader_num_workers")) == 0:
        path, whose = f"training.{name}", "" if plan.given(workers) else " (the Trainer's default)"
        message = f"`{plan.name(path)}` requires workers, but `{plan.name(workers)}` is 0{whose}"
        yield Finding(path, message, [Put(workers, 4), Drop(path)], on_key=True)
