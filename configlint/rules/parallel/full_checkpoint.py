"""The optimizer state of a tensor-parallel model cannot be saved.

A model that is sharded when it is loaded can be saved without its optimizer state only. The Trainer
refuses anything else when it is built, after the model was loaded on every rank; before transformers 5.19 one
device saved its own part alone.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, tensor: 2}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, tensor: 2}
    training: {save_only_model: true}

Source: transformers 5.23 trainer.py, Trainer.__init__ (is_distributed_loading_by_transformers)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    tensor, strategy = plan.parallel.tensor, plan.intervals.save_strategy
    # DeepSpeed cuts up a model that was loaded whole.
    if tensor is None or tensor == 1 or plan.parallel.uses_deepspeed:
        return
    # Where the devices cannot be split at all, that comes first.
    if plan.parallel.world and not plan.parallel.replicas:
        return
    if strategy in (None, "no") or plan.training.get("save_only_model") is True:
        return
    yield Finding(
        "parallel.tensor",
        f"tensor {tensor} shards the model when it is loaded, and its optimizer state cannot be saved",
        'write `training: {save_only_model: true}`, or `training: {save_strategy: "no"}`',
        related=(("training.save_strategy", f"save_strategy {strategy}"),)
        if plan.given("training.save_strategy")
        else (),
    )
