"""Checkpoints of a tensor-parallel model cannot include the optimizer state.

A model that is sharded as it is loaded can be saved only without its optimizer state. The Trainer rejects any other
checkpoint when it is built, after every rank has loaded the model; before transformers 5.19, one device saved only
its own shard.

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
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import degree

_STRATEGY = "training.save_strategy"


@rule(Severity.ERROR, when=lambda plan: plan.parallel.tensor != 1)
def check(plan: Plan) -> Iterator[Finding]:
    tensor, strategy = plan.parallel.tensor, plan.intervals.save_strategy
    # DeepSpeed splits a model that was loaded whole.
    if tensor is None or tensor == 1 or plan.parallel.uses_deepspeed:
        return
    # Where the devices cannot be split at all, that comes first.
    if plan.parallel.world and not plan.parallel.replicas:
        return
    if strategy in (None, "no") or plan.training.get("save_only_model", False) is not False:
        return
    related = (_STRATEGY, f"`{plan.name(_STRATEGY)}` is {strategy}")
    yield Finding(
        "parallel.tensor",
        f"{degree(plan, 'tensor')} shards the model as it is loaded, so its optimizer state cannot be saved",
        [Put("training.save_only_model", True), Put(_STRATEGY, "no")],
        related=(related,) if plan.given(_STRATEGY) else (),
    )
