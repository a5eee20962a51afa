"""The per-device batch is large for gradient checkpointing.

Gradient checkpointing is for memory that is short: it computes the activations twice to keep few of them. With 1 to
4 samples per device it does most good; more samples cost the memory that it saves, and hardly go faster once a
micro-batch keeps the device busy. Accumulation makes up for them.

Bad:

    trainer: SFTTrainer
    model: {config: llama-3.1-8b, sequence_length: 2048}
    batch: {effective: 64, per_device: 16}
    hardware: {accelerator: h100-80gb, devices_per_node: 1}
    tuning: {method: lora}
    training: {gradient_checkpointing: true}

Good:

    trainer: SFTTrainer
    model: {config: llama-3.1-8b, sequence_length: 2048}
    batch: {effective: 64, per_device: 4}
    hardware: {accelerator: h100-80gb, devices_per_node: 1}
    tuning: {method: lora}
    training: {gradient_checkpointing: true}

Source: Chen et al., arXiv 1604.06174, on recomputing activations; memory/needless-accumulation on when a device is
busy
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.batch import is_fine_tuning

_MOST = 4
_PATH = "batch.per_device"
# Tokens of a micro-batch that keep a device busy, as memory/needless-accumulation has it.
_ENOUGH_TOKENS = 2048


@rule(Severity.INFO, when=lambda plan: (plan.batch.pinned_per_device or 0) > 4)
def check(plan: Plan) -> Iterator[Finding]:
    per_device, length = plan.batch.pinned_per_device, plan.sequence_length
    if not per_device or per_device <= _MOST or not length or _MOST * length < _ENOUGH_TOKENS:
        return
    path = plan.path("gradient_checkpointing")
    if plan.argument("gradient_checkpointing") is not True or not is_fine_tuning(plan):
        return
    estimate, budget = plan.memory.estimate, plan.memory.budget
    if estimate is not None and budget is not None and estimate.high > budget:
        return  # memory/does-not-fit or memory/less-headroom says what to write
    smaller = next(size for size in range(_MOST, 0, -1) if per_device % size == 0)
    puts = [Put(_PATH, smaller)]
    if accumulation := plan.batch.pinned_accumulation:
        puts.append(Put("batch.accumulation", accumulation * per_device // smaller))
    yield Finding(
        _PATH,
        f"`{plan.name(_PATH)}` {per_device} uses up the memory that `{plan.name(path)}` saves: 1 to 4 is usual",
        [tuple(puts)],
        related=((path, f"`{plan.name(path)}` is true"),) if plan.given(path) else (),
    )
