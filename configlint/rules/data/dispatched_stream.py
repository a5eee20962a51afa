"""`dispatch_batches` is true for a stream that a TRL trainer reads.

Each rank must read the stream by itself: GRPOTrainer and RLOOTrainer reject `dispatch_batches: true` when they are
built, the others warn and set it to false.

Bad:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {streaming: true}
    training: {max_steps: 100, accelerator_config: {dispatch_batches: true}}

Good:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {streaming: true}
    training: {max_steps: 100, accelerator_config: {dispatch_batches: false}}

Source: trl 0.27 to 1.16 trainer/*_trainer.py, __init__
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.batch import accelerator_config
from configlint.rules.data import dispatches


@rule(Severity.ERROR, when=lambda plan: plan.writes("accelerator_config") and plan.release.trl is not None)
def check(plan: Plan) -> Iterator[Finding]:
    path, trainer, trl = "training.accelerator_config", plan.release.trainer, plan.release.trl or (0, 0)
    if plan.data.streaming is not True or dispatches(plan) is not True:
        return
    remedy = Put(path, {**accelerator_config(plan), "dispatch_batches": False})
    if trainer.refused_streams and trl >= trainer.refused_streams[1]:
        yield Finding(path, f"{plan.trainer} rejects `dispatch_batches: true` with a streaming data set", [remedy])
    elif trainer.undispatched and trl >= trainer.undispatched:
        message = f"{plan.trainer} sets `dispatch_batches` to false for a streaming data set, so true has no effect"
        yield Finding(path, message, [remedy], Severity.WARNING)
