"""`auto_find_batch_size` silently changes the effective batch.

Each time memory runs out, the per-device batch shrinks by a tenth while the accumulation stays as it is. The
effective batch, the number of steps and the learning-rate schedule all change, and no message reports it. With
ZeRO-3 the job fails.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {auto_find_batch_size: true}

Good:

    batch: {effective: 64, per_device: {max: 4}}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {auto_find_batch_size: false}

Source: accelerate 1.15 utils/memory.py, find_executable_batch_size; transformers 5.23 trainer.py,
_inner_training_loop
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR, when=lambda plan: plan.writes("auto_find_batch_size"))
def check(plan: Plan) -> Iterator[Finding]:
    path, effective = "training.auto_find_batch_size", plan.batch.effective
    if plan.training.get("auto_find_batch_size") is not True:
        return
    batch = f" of {effective:,}" if effective else ""
    message = f"`{plan.name(path)}` silently lowers the effective batch{batch} when memory runs out"
    remedy: Remedy = Drop(path)
    bound = "batch.per_device.max"
    if plan.can_say(bound) and not plan.given("batch.per_device") and not plan.given("batch.accumulation"):
        remedy = (Drop(path), Put(bound, 4))
    # Where no total is stated, a smaller one may be what its author wants.
    severity = None if plan.given("batch.effective") or plan.can_say("batch.effective") else Severity.INFO
    yield Finding(path, message, [remedy], severity, on_key=True)
