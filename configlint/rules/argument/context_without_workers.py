"""dataloader_multiprocessing_context is set, but there are no workers to start.

PyTorch's data loader rejects dataloader_multiprocessing_context where dataloader_num_workers is 0 (the Trainer's
default). The job fails when training starts, after it has waited in the queue and loaded the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {dataloader_multiprocessing_context: spawn}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {dataloader_multiprocessing_context: spawn, dataloader_num_workers: 4}

Source: torch 2.13 utils/data/dataloader.py, DataLoader; run: TrainingArguments takes it, and train() fails
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.core.values import natural


@rule(Severity.ERROR, when=lambda plan: plan.writes("dataloader_multiprocessing_context"))
def check(plan: Plan) -> Iterator[Finding]:
    name = "dataloader_multiprocessing_context"
    known, context = plan.release.arguments.get(name), plan.training.get(name)
    if known is None or context not in known.choices:
        return
    if natural(plan.argument("dataloader_num_workers")) == 0:
        path, workers = f"training.{name}", plan.path("dataloader_num_workers")
        default = "" if plan.given(workers) else " (the Trainer's default)"
        yield Finding(
            path,
            f"`{plan.name(path)}` requires workers, but `{plan.name(workers)}` is 0{default}",
            [Drop(path), Put(workers, 4)],
            on_key=True,
        )
