"""A prefetch factor is set without any data loader workers.

The Trainer rejects `dataloader_prefetch_factor` while `dataloader_num_workers` is 0, the Trainer's default. The
job fails when it creates TrainingArguments, after it has waited in the queue.

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
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.core.values import natural, positive


@rule(Severity.ERROR, when=lambda plan: plan.writes("dataloader_prefetch_factor"))
def check(plan: Plan) -> Iterator[Finding]:
    factor = positive(plan.argument("dataloader_prefetch_factor"))
    if factor is not None and plan.release.arguments.get("dataloader_prefetch_factor") and _has_no_workers(plan):
        path, workers = "training.dataloader_prefetch_factor", "training.dataloader_num_workers"
        whose = "" if plan.given(workers) else " (the Trainer's default)"
        message = f"`{plan.name(path)}` {factor} requires workers, but `{plan.name(workers)}` is 0{whose}"
        yield Finding(path, message, [Put(workers, 4), Drop(path)], on_key=True)


def _has_no_workers(plan: Plan) -> bool:
    return natural(plan.argument("dataloader_num_workers")) == 0
