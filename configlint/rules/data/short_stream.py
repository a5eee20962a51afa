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

Source: transformers 5.23 trainer.py, _run_epoch; run: 40 examples over two ranks at 2 x 4 make steps of 16, 16, 24,
16, 24 and 16 samples
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import is_unreachable


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    batch, examples, steps, replicas = (
        plan.batch,
        plan.data.train_examples,
        plan.schedule.max_steps,
        plan.parallel.replicas,
    )
    if plan.data.streaming is not True:
        return
    if not (examples and steps and batch.per_device and batch.accumulation and batch.trained and replicas):
        return
    if plan.generation or is_unreachable(plan) or plan.training.get("dataloader_drop_last") is True:
        return
    micro = batch.per_device * replicas
    whole, left = divmod(ceil(examples / micro), batch.accumulation)
    if left == 0 or steps <= whole:
        return
    path = plan.path("max_steps")
    remedies: list[Remedy] = [Put(path, whole, why="one pass")] if whole else []
    around = [number for number in (whole * batch.trained, (whole + 1) * batch.trained) if number]
    words = " or ".join(f"{number:,}" for number in around)
    remedies.append(Say(f"train on {words} examples, which make whole steps", needs=("data.train_examples",)))
    yield Finding(
        path,
        f"a pass over {count(examples, 'example')} ends within step {whole + 1:,}, so that step trains"
        f" {(left + batch.accumulation) * micro:,} samples instead of {batch.trained:,}",
        remedies,
        related=(("data.train_examples", count(examples, "example")),),
    )
