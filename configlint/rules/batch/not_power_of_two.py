"""The effective batch is not a power of two.

Kernels, memory and data sets are sized in powers of two, and most published results use them: any other batch
wastes a little and is harder to compare. Where the number of replicas is not a power of two, no batch across them
can be one; the finding is advice then and names replica counts that would do.

Bad:

    batch: {effective: 48}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: NVIDIA, Deep Learning Performance: Matrix Multiplication Background, on tile and wave quantization
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import is_power_of_two
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.values import positive
from configlint.rules.batch import is_beyond_data, is_partial, is_unreachable
from configlint.rules.batch._totals import removals, total


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    batch, replicas = plan.batch, plan.parallel.replicas
    effective = batch.effective
    if not effective or not replicas or not batch.trained or is_power_of_two(effective):
        return
    group = positive(plan.argument("num_generations")) or 1
    if is_unreachable(plan) or is_partial(plan) or is_beyond_data(plan) or effective % group:
        return  # a batch that is wrong becomes another one
    below = 1 << (effective.bit_length() - 1)
    message = f"an effective batch of {effective:,} is not a power of two"
    if not is_power_of_two(replicas):
        advice = f"use {_around(replicas)} replicas: no power of two can be split over {replicas:,}"
        remedy = Say(advice, needs=("hardware.devices_per_node",))
        yield Finding("batch.effective", message, [remedy], Severity.INFO)
        return
    powers = [size for size in (below, 2 * below) if size >= replicas] or [replicas]
    powers = [size for size in powers if _is_trainable(plan, effective, size)]
    if powers:
        yield Finding("batch.effective", message, _remedies(plan, effective, powers))


def _is_trainable(plan: Plan, effective: int, size: int) -> bool:
    """Whether a step of so many samples does not exceed an epoch, and holds the whole groups that GRPO and RLOO
    generate."""
    examples, group = plan.data.train_examples, positive(plan.argument("num_generations"))
    made = examples * plan.generation.group if examples and plan.generation else examples
    if made is not None and size > max(made, effective):
        return False
    ranks = (plan.parallel.world or 1) // (plan.parallel.replicas or 1)  # which share a batch generate one each
    return group is None or plan.release.trainer.completions is None or size * ranks % group == 0


def _remedies(plan: Plan, effective: int, powers: list[int]) -> list[Remedy]:
    """The powers that can be reached as they are; else the nearest, without the factors that stand in its way."""
    near: list[Remedy] = [total(plan, size) for size in powers if removals(plan, size) == ()]
    if near:
        return near
    size = min(powers, key=lambda size: abs(size - effective))
    return [(total(plan, size), *(removals(plan, size) or ()))]


def _around(replicas: int) -> str:
    below = 1 << (replicas.bit_length() - 1)
    return f"{below:,} or {2 * below:,}"
