"""Batches are rebalanced over all processes, but some processes must train on the same samples.

The sampler of batch_rebalance gives each process samples of its own. Devices that share one model or one sequence
must get the same samples: with different ones each computes part of a different batch, without an error.

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
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import beside, degree

_NAME = "train_sampling_strategy"


@rule(Severity.ERROR, when=lambda plan: plan.writes("train_sampling_strategy"))
def check(plan: Plan) -> Iterator[Finding]:
    if plan.argument(_NAME) != "batch_rebalance":
        return
    path = plan.path(_NAME)
    for kind in ("tensor", "context"):
        if getattr(plan.parallel, kind) not in (None, 1):
            yield Finding(
                path,
                f"batch_rebalance gives different samples to devices of the same group of {degree(plan, kind)}",
                [Put(path, "group_by_length"), Put(path, "random")],
                related=beside(plan, kind),
            )
