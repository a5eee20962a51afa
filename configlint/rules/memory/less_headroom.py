"""A training step fits, but with less headroom than is to be kept.

hardware.headroom is the share of the memory that stays free, 0.1 where nothing is written: for what an estimate
cannot know, such as another process on the device, libraries that take memory of their own, and fragments after
thousands of batches of all lengths. Without it, the job may fail with CUDA out of memory hours in.

Bad:

    model: {config: llama-3.1-8b, sequence_length: 4096}
    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: {name: measured, memory: 80}, devices_per_node: 1, headroom: 0.3}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    training: {bf16: true, activation_checkpointing: true}

Good:

    model: {config: llama-3.1-8b, sequence_length: 4096}
    batch: {effective: 64, per_device: 2}
    hardware: {accelerator: {name: measured, memory: 80}, devices_per_node: 1, headroom: 0.3}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    training: {bf16: true, activation_checkpointing: true}

Source: configlint's closed form; arXiv 2411.06465: of 454 runs, none that was estimated below 80 % of the memory
failed
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.memory import device, factors, gib, peak, pinned


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    capacity, budget, estimate = plan.memory.capacity, plan.memory.budget, plan.memory.estimate
    if capacity is None or budget is None or estimate is None or not budget < estimate.high <= capacity:
        return
    asked = plan.given("hardware.headroom")
    yield Finding(
        pinned(plan),
        f"the peak of {peak(estimate)} leaves less than a headroom of {plan.hardware.headroom:g}:"
        f" {device(plan)}, of which {gib(budget)} are to be used",
        _help(plan),
        None if asked else Severity.INFO,
        related=(("hardware.headroom", f"headroom {plan.hardware.headroom:g}"),) if asked else (),
    )


def _help(plan: Plan) -> str:
    fits, samples = plan.memory.largest, (plan.batch.per_device or 1) * (plan.batch.accumulation or 1)
    smaller = f"`{factors(plan, fits, samples // fits)}` keeps it; " if fits else ""
    return f"{smaller}where it is known to work, write less in `hardware.headroom`"
