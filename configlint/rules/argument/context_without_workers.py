"""A way to start workers is chosen, and there are none.

PyTorch's data loader refuses dataloader_multiprocessing_context where dataloader_num_workers is 0, as it is
by default: after the queue and the loading of the model, when training starts.

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
from configlint.core.rule import Finding, rule
from configlint.core.values import natural


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    name = "dataloader_multiprocessing_context"
    known, context = plan.release.arguments.get(name), plan.training.get(name)
    if known is None or context not in known.choices:
        return
    if natural(plan.argument("dataloader_num_workers")) == 0:
        yield Finding(
            f"training.{name}",
            f"{name} {context} needs workers, and dataloader_num_workers is 0",
            "write `dataloader_num_workers: 4`, or delete it",
            on_key=True,
        )
