"""A training step does not fit into the device's memory.

The job fails with CUDA out of memory: where the model is loaded, in the first step, or days in, with the first
batch of samples as long as model.sequence_length. What is said is the least and the most that the device must
have: the least is what PyTorch holds in tensors, and beyond the device's memory it is an error; the most adds what
the allocator loses to fragments, and beyond the memory it is a warning.

Bad:

    model: {config: llama-3.1-8b, sequence_length: 4096}
    batch: {effective: 64, per_device: 16}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    training: {bf16: true, activation_checkpointing: true}

Good:

    model: {config: llama-3.1-8b, sequence_length: 4096}
    batch: {effective: 64, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    training: {bf16: true, activation_checkpointing: true}

Source: configlint's closed form, of what transformers 5.23 and torch 2.13 keep of a training step
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.memory.options import Way, base_workload, largest, samples, ways
from configlint.rules.memory import device, factors, gib, peak, pinned


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    capacity, estimate, workload = plan.memory.capacity, plan.memory.estimate, plan.memory.workload
    if capacity is None or estimate is None or workload is None or estimate.high <= capacity:
        return
    certain = estimate.low > capacity
    needs = f"{'needs' if workload.batch == 1 else 'need'}{'' if certain else ' up to'}"
    yield Finding(
        pinned(plan),
        f"{count(workload.batch, 'sample')} of {count(workload.length, 'token')} {needs}"
        f" {peak(estimate) if certain else gib(estimate.high) + ' GiB'} at the peak ({estimate.phase}),"
        f" and {device(plan)}",
        _help(plan),
        None if certain else Severity.WARNING,
        related=(("hardware.accelerator", device(plan) + " GiB"),),
    )


def _help(plan: Plan) -> str:
    """The two cheapest ways out: a smaller micro-batch where one fits, and what makes room for this one."""
    chosen: list[Way] = []
    base, share = base_workload(plan), samples(plan)
    smaller = largest(plan.memory, base, share, plan.batch.max_per_device) if base and share else None
    if smaller:
        chosen.append(smaller._replace(change=factors(plan, smaller.per_device, smaller.accumulation)))
    found = ways(plan)
    enough = [way for way in found if way.per_device >= (plan.batch.per_device or 1)]
    chosen += enough or found
    if not chosen:
        return "nothing that configlint knows of makes it fit: it takes more devices, or a larger one"
    return ", or ".join(
        f"`{way.change}` (up to {way.per_device} x {way.accumulation}, {gib(way.estimate.high)} GiB)"
        for way in chosen[:2]
    )
