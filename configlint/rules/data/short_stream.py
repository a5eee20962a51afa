"""A stream ends within a step, and the run goes on.

The micro-batches that are left over when the stream ends join those of the next pass: that step trains more samples
than the effective batch, at the same learning rate, and so does one step of every further pass.

Bad:

    batch: {effective: 16, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 2}
    data: {train_examples: 40, streaming: true}
    training: {max_steps: 6}

Good:

    batch: {effective: 16, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 2}
    data: {train_examples: 48, streaming: true}
    training: {max_steps: 6}

Source: transformers 4.47 to 5.23 trainer.py, _run_epoch (before, batches were counted across passes), and
_get_dataloader (which leaves `dataloader_drop_last` out for a stream); run: 40 examples over two ranks at 2 x 4
make steps of 16, 16, 24, 16, 24 and 16 samples
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import unit
from configlint.rules.data import batches_of_pass, dispatches


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    batches, steps, accumulation = batches_of_pass(plan), plan.schedule.max_steps, plan.batch.accumulation
    if not batches or not steps or not accumulation or plan.release.transformers < (4, 47):
        return
    whole, left = divmod(batches, accumulation)
    if not whole or not left or steps <= whole:
        return
    trained = plan.batch.trained or 0
    path, examples = plan.path("max_steps"), count(plan.data.train_examples or 0, unit(plan))
    remedies: list[Remedy] = [Put(path, whole, why="one pass")]
    if not plan.generation:
        words = f"train on {whole * trained:,} or {(whole + 1) * trained:,} examples, which make whole steps"
        remedies.append(Say(words, needs=("data.train_examples",)))
    yield Finding(
        path,
        f"a pass over {examples} ends within step {whole + 1:,}, so that step trains"
        f" {_samples(plan, left):,} samples instead of {trained:,}",
        remedies,
        related=(("data.train_examples", examples),),
    )


def _samples(plan: Plan, left: int) -> int:
    """Those of the batches that are left over and of the first of the next pass. The last batch is filled up where
    each rank reads for itself; where one reads for all, only until all get as much."""
    replicas = plan.parallel.replicas or 1
    micro = (plan.batch.per_device or 0) * replicas
    full = (left + (plan.batch.accumulation or 0)) * micro
    last = (plan.data.train_examples or 0) % micro
    is_filled = replicas > 1 and (dispatches(plan) is False or plan.release.trl is not None)
    if plan.generation or not last or is_filled:
        return full
    return full - micro + ceil(last / replicas) * replicas
