"""Batches are to be fetched ahead by workers that there are none of.

The Trainer refuses dataloader_prefetch_factor where dataloader_num_workers is 0, as it is by default: after
the queue, when TrainingArguments is built.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {dataloader_prefetch_factor: 2}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {dataloader_prefetch_factor: 2, dataloader_num_workers: 4}

Source: transformers 5.23 training_args.py, _validate_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import natural, positive


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    factor = positive(plan.argument("dataloader_prefetch_factor"))
    if factor is not None and plan.release.arguments.get("dataloader_prefetch_factor") and _has_no_workers(plan):
        yield Finding(
            "training.dataloader_prefetch_factor",
            f"dataloader_prefetch_factor {factor} needs workers, and dataloader_num_workers is 0",
            "write `dataloader_num_workers: 4`, or delete it",
            on_key=True,
        )


def _has_no_workers(plan: Plan) -> bool:
    return natural(plan.argument("dataloader_num_workers")) == 0
