"""A training step fits, but leaves less headroom than it should.

hardware.headroom is the share of the memory to keep free (0.1, configlint's default): for what no estimate can
know, such as other processes on the device, libraries that allocate memory of their own, and fragmentation after
thousands of batches of all lengths. Without headroom, the job may fail with CUDA out of memory hours in.

Bad:

    model: {config: llama-3.1-8b, sequence_length: 4096}
    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: {name: measured, memory: 90}, devices_per_node: 1, headroom: 0.3}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    training: {bf16: true, activation_checkpointing: true}

Good:

    model: {config: llama-3.1-8b, sequence_length: 4096}
    batch: {effective: 64, per_device: 2}
    hardware: {accelerator: {name: measured, memory: 90}, devices_per_node: 1, headroom: 0.3}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    training: {bf16: true, activation_checkpointing: true}

Source: configlint's closed form; arXiv 2411.06465: of 454 runs, none that was estimated below 80 % of the memory
failed
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.rules.memory import factors, is_tight, peak, pinned, usable

_PATH = "hardware.headroom"


@rule(Severity.WARNING, when=is_tight)
def check(plan: Plan) -> Iterator[Finding]:
    capacity, budget, estimate = plan.memory.capacity, plan.memory.budget, plan.memory.estimate
    if capacity is None or budget is None or estimate is None or not budget < estimate.high <= capacity:
        return
    if not plan.can_say(_PATH):
        return
    headroom, asked = f"`{plan.name(_PATH)}` {plan.hardware.headroom:g}", plan.given(_PATH)
    whose = "" if asked else " (configlint's default)"
    yield Finding(
        pinned(plan),
        f"the peak of {peak(estimate)} leaves less than {headroom}{whose} free; {usable(plan)}",
        _remedies(plan, 1 - estimate.high / capacity),
        None if asked else Severity.INFO,
        related=((_PATH, f"`{plan.name(_PATH)}` is {plan.hardware.headroom:g}"),) if asked else (),
    )


def _remedies(plan: Plan, left: float) -> list[Remedy]:
    fits, samples = plan.memory.largest, (plan.batch.per_device or 1) * (plan.batch.accumulation or 1)
    smaller: list[Remedy] = [factors(plan, fits, samples // fits)] if fits else []
    return [*smaller, Put(_PATH, int(100 * left) / 100, why="if this is known to fit")]
