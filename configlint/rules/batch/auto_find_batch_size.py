"""`auto_find_batch_size` changes the batch behind your back.

When memory runs out, the per-device batch is cut by a tenth, again and again, and accumulation stays:
the effective batch shrinks to a multiple of nothing, steps and schedule change with it, and no
message says so at the end. With ZeRO-3 it fails.

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
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.training.get("auto_find_batch_size") is not True:
        return
    batch = f" of {plan.batch.effective}" if plan.batch.effective else ""
    yield Finding(
        "training.auto_find_batch_size",
        f"auto_find_batch_size lowers the effective batch{batch} when memory runs out, without a word",
        "leave it out, and bound the per-device batch: per_device: {max: 4}",
        on_key=True,
    )
