"""A small micro-batch is accumulated although a larger one fits.

Accumulation is for a batch that does not fit. A device that gets few tokens at a time waits for memory and kernel
launches instead of computing, and the same optimizer step takes longer: the larger the micro-batch the faster,
until there are enough tokens to keep the device busy. From 2,048 tokens on, this rule is silent.

Bad:

    model: {config: llama-3.2-1b, sequence_length: 256}
    batch: {effective: 64, per_device: 1}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {bf16: true}

Good:

    model: {config: llama-3.2-1b, sequence_length: 256}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {bf16: true}

Source: NVIDIA, Deep Learning Performance: Matrix Multiplication Background, on arithmetic intensity
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.memory import factors, gib, is_small, pinned


@rule(Severity.INFO, when=is_small)
def check(plan: Plan) -> Iterator[Finding]:
    workload, largest = plan.memory.workload, plan.memory.largest
    per_device, accumulation = plan.batch.per_device, plan.batch.accumulation
    if workload is None or not largest or not per_device or not accumulation or not is_small(plan):
        return
    tokens = per_device * workload.length // workload.context
    fewer = per_device * accumulation // largest
    yield Finding(
        pinned(plan),
        f"micro-batches of {count(tokens, 'token')} ({per_device} x {workload.length}) are accumulated"
        f" {count(accumulation, 'time')}; {count(largest, 'sample')} at once fit into"
        f" {gib(plan.memory.budget or 0)} GiB",
        [factors(plan, largest, fewer, f"{largest} x {fewer} trains the same batch")],
    )
