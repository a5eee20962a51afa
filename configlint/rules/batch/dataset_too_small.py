"""The data set is smaller than one micro-batch across all replicas.

Samples are repeated until every replica has a full batch, so the same example counts several times in one step;
without `even_batches` some replicas get a smaller batch or none, and a single replica trains a smaller one. With
`dataloader_drop_last` no batch is left, and the Trainer fails with a message about a data loader without length.

Bad:

    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {train_examples: 40}

Good:

    batch: {effective: 16, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {train_examples: 40}

Source: accelerate 1.15 data_loader.py, BatchSamplerShard (even_batches); transformers 5.23 trainer.py,
set_initial_training_values
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import is_power_of_two
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Act, Drop, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import accelerator_config, is_unreachable, replicas_in_words
from configlint.rules.batch._totals import total


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    examples, per_device, replicas = plan.data.train_examples, plan.batch.per_device, plan.parallel.replicas
    if not examples or not per_device or not replicas or examples >= per_device * replicas:
        return
    if is_unreachable(plan):
        return  # with too many replicas for the batch, there are too many for the data too
    drops = plan.training.get("dataloader_drop_last") is True
    if drops:
        follows = f"`{plan.name('training.dataloader_drop_last')}` leaves no batch to train"
    elif replicas > 1:
        # Only where batches are dealt to several replicas is the last one filled.
        fills = accelerator_config(plan).get("even_batches") is not False
        follows = "samples repeat" if fills else "the replicas get unequal batches"
    else:
        follows = f"a step trains {examples} samples"
    yield Finding(
        "data.train_examples",
        f"{count(examples, 'example')} do not fill one batch ({per_device} x {count(replicas, 'replica')}),"
        f" so {follows}",
        [_remedy(plan, examples, replicas)],
        None if drops else Severity.WARNING,
        related=(replicas_in_words(plan),),
    )


def _remedy(plan: Plan, examples: int, replicas: int) -> Remedy:
    if examples < replicas:
        return Say(f"use at most {count(examples, 'replica')}", needs=("hardware.devices_per_node",))
    share = examples // replicas
    if is_power_of_two(replicas):
        share = 1 << (share.bit_length() - 1)
    stated = plan.given("batch.effective") or plan.given("batch.effective_tokens")
    acts: list[Act] = [total(plan, share * replicas)] if stated else []
    if plan.batch.pinned_per_device:
        acts.append(Put("batch.per_device", share))
    if plan.batch.pinned_accumulation:
        acts.append(Drop("batch.accumulation") if stated else Put("batch.accumulation", 1))
    return tuple(acts)
