"""Without `even_batches` some ranks have a batch more than others, and the job hangs.

Accelerate then deals out the batches of an epoch as they come, and the ranks that get one more wait in the next
collective operation for those that have none: for ever, or until NCCL's timeout. DDP and ZeRO 1 meet once a step,
FSDP, ZeRO 2 and ZeRO 3 in every batch.

Bad:

    batch: {effective: 16, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 2}
    data: {train_examples: 34}
    training: {accelerator_config: {even_batches: false}}

Good:

    batch: {effective: 16, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 2}
    data: {train_examples: 34}
    training: {accelerator_config: {even_batches: true}}

Source: accelerate 1.15 data_loader.py, BatchSamplerShard; run: 34 examples on two ranks at 2 x 4 hang in the last
step, 45 do not
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import accelerator_config, is_unreachable, unit, without

# Those whose ranks meet in every batch, not only at the end of a step.
_MEET_IN_BATCHES = ("fsdp", "zero2", "zero3")


@rule(Severity.ERROR, when=lambda plan: plan.writes("accelerator_config"))
def check(plan: Plan) -> Iterator[Finding]:
    batch, examples, replicas = plan.batch, plan.data.train_examples, plan.parallel.replicas or 1
    if accelerator_config(plan).get("even_batches") is not False or plan.generation or plan.data.streaming:
        return
    if not examples or not batch.per_device or not batch.accumulation or replicas == 1 or is_unreachable(plan):
        return
    if plan.training.get("dataloader_drop_last") is True:
        return  # what is left over is dropped on all ranks
    batches = ceil(examples / batch.per_device)
    most, least = ceil(batches / replicas), batches // replicas
    if plan.parallel.data in _MEET_IN_BATCHES:
        what = ("batch", "batches")
    else:
        what = ("step", "steps")
        most, least = ceil(most / batch.accumulation), ceil(least / batch.accumulation)
    if most != least:
        yield Finding(
            "training.accelerator_config",
            f"without `even_batches` some ranks train {count(most, *what)} in an epoch of"
            f" {count(examples, unit(plan))} and others {least}, so the job hangs at its end",
            [without(plan, "even_batches")],
        )
