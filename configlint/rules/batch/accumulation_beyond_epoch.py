"""More micro-batches are accumulated than an epoch has.

Accumulation never crosses the end of an epoch: every step then sees what an epoch has, whatever the
effective batch says. The Trainer still logs the full product.

Bad:

    batch: {effective: 512, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    data: {train_examples: 100}

Good:

    batch: {effective: 32, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    data: {train_examples: 128}

Source: transformers 5.23 trainer.py, set_initial_training_values and _run_epoch; run: accumulation 64 over
13 batches makes one step of 100 samples an epoch
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import is_power_of_two
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    batch, batches, replicas = plan.batch, plan.schedule.batches_per_epoch, plan.parallel.replicas
    examples = plan.data.train_examples
    if not batches or not batch.accumulation or not batch.per_device or not replicas or not examples:
        return
    # With fewer examples than one micro-batch over all replicas, batch/dataset-too-small says it.
    if batch.accumulation > batches and examples >= batch.per_device * replicas:
        micro = batch.per_device * replicas
        most = examples // micro * micro
        if is_power_of_two(micro):
            most = 1 << (most.bit_length() - 1)
        yield Finding(
            "batch.accumulation",
            f"accumulation {batch.accumulation} is beyond an epoch of {batches} batches:"
            f" a step sees {min(examples, batches * micro)} samples, not {batch.trained}",
            f"an effective batch of {most} or less fits into {examples} examples",
            related=(("data.train_examples", f"{examples} examples"),),
        )
