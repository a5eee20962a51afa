"""Batches are evened out over all processes, and some processes share their samples.

The sampler of batch_rebalance gives each process samples of its own. Devices that share one model or one sequence
must see the same: with others each works on a part of something else, and nothing says so.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, tensor: 2}
    training: {train_sampling_strategy: batch_rebalance, save_only_model: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, tensor: 2}
    training: {train_sampling_strategy: group_by_length, save_only_model: true}

Source: transformers 5.23 trainer.py, _get_train_sampler and _get_dataloader; run: two processes with tensor 2
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_NAME = "train_sampling_strategy"


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.argument(_NAME) != "batch_rebalance":
        return
    for degree in ("tensor", "context"):
        size = getattr(plan.parallel, degree)
        if size not in (None, 1):
            yield Finding(
                plan.path(_NAME),
                f"batch_rebalance gives the devices of one group of {degree} {size} different samples",
                "write group_by_length or random",
                related=((f"parallel.{degree}", f"{degree} {size}"),),
            )
