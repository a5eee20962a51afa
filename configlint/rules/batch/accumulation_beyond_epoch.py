"""Gradient accumulation is longer than an epoch.

Accumulation never crosses the end of an epoch, so each step trains at most the samples of one epoch, whatever
the effective batch says. The Trainer still logs the full product.

Bad:

    batch: {effective: 512, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    data: {train_examples: 100}

Good:

    batch: {effective: 32, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    data: {train_examples: 128}

Source: transformers 5.23 trainer.py, set_initial_training_values and _run_epoch; run: accumulation 64 over
13 batches makes one step of 100 samples per epoch
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import is_power_of_two
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Act, Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import is_unreachable, smallest_data, unit
from configlint.rules.batch._totals import total


@rule(Severity.ERROR, when=lambda plan: (plan.batch.accumulation or 0) > (plan.schedule.batches_per_epoch or 0))
def check(plan: Plan) -> Iterator[Finding]:
    batch, batches, replicas = plan.batch, plan.schedule.batches_per_epoch, plan.parallel.replicas
    examples = plan.data.train_examples
    if not (batches and batch.accumulation and batch.per_device and batch.trained and replicas and examples):
        return
    if is_unreachable(plan):
        return
    # With fewer examples than one batch over all replicas takes, batch/dataset-too-small says it.
    if batch.accumulation > batches and examples >= (smallest_data(plan) or 0):
        micro = batch.per_device * replicas
        seen = batches * micro if plan.generation else min(examples, batches * micro)
        path, epoch = "batch.accumulation", count(batches, "batch", "batches")
        yield Finding(
            path,
            f"`{plan.name(path)}` {batch.accumulation} exceeds the {epoch} of an epoch, so a step trains"
            f" {seen:,} samples instead of {batch.trained:,}",
            [_smaller(plan, micro, seen // micro)],
            related=(("data.train_examples", count(examples, unit(plan))),),
        )


def _smaller(plan: Plan, micro: int, batches: int) -> tuple[Act, ...]:
    """The largest batch of that many micro-batches or fewer; a power of two where that is possible."""
    most = 1 << (batches.bit_length() - 1) if is_power_of_two(micro) else batches
    stated = plan.given("batch.effective") or plan.given("batch.effective_tokens")
    pinned = plan.batch.pinned_accumulation
    accumulation = (Put("batch.accumulation", most),) if pinned else ()
    return (*((total(plan, most * micro),) if stated else ()), *accumulation)
