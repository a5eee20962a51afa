"""Workers are to be kept that there are none of.

PyTorch's data loader refuses dataloader_persistent_workers where dataloader_num_workers is 0, as it is by
default: after the queue and the loading of the model, when training starts.

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
from configlint.core.rule import Finding, rule
from configlint.core.values import natural


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    name = "dataloader_persistent_workers"
    if plan.training.get(name) is not True or plan.release.arguments.get(name) is None:
        return
    if natural(plan.argument("dataloader_num_workers")) == 0:
        yield Finding(
            f"training.{name}",
            f"{name} needs workers, and dataloader_num_workers is 0",
            "write `dataloader_num_workers: 4`, or delete it",
            on_key=True,
        )
