"""A training step does not fit into the device's memory.

The job fails with CUDA out of memory: when the model is loaded, in the first step, or days later with the first
batch whose samples are as long as model.sequence_length. Two figures are given. The lower one is what PyTorch holds
in tensors: where it exceeds the device's memory, that is an error. The higher one adds what the allocator loses to
fragmentation: where only that exceeds the memory, it is a warning. In a script, whose samples can be shorter than
what they are cut to, it is an error where short ones do not fit either.

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
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.typing import TYPE_CHECKING
from configlint.core.wording import count
from configlint.memory.options import Way, base_workload, largest, samples, ways
from configlint.rules.batch import is_unreachable
from configlint.rules.memory import device, explained, factors, gib, high, peak, pinned

if TYPE_CHECKING:
    from configlint.core.workload import Workload

# Tokens of a short sample: an instruction and its answer.
_SHORT = 128
_LARGER = "use more or larger devices"


@rule(Severity.ERROR, when=lambda plan: high(plan) > (plan.memory.capacity or 0))
def check(plan: Plan) -> Iterator[Finding]:
    capacity, estimate, workload = plan.memory.capacity, plan.memory.estimate, plan.memory.workload
    if capacity is None or estimate is None or workload is None or estimate.high <= capacity:
        return
    if is_unreachable(plan):
        return  # another batch needs another amount
    certain = estimate.low > capacity
    is_error = certain and not (plan.spec.call and _may_be_shorter(plan, workload, capacity))
    needs = f"{'needs' if workload.batch == 1 else 'need'}{'' if certain else ' up to'}"
    yield Finding(
        pinned(plan),
        f"{count(workload.batch, 'sample')} of {count(workload.length, 'token')} {needs}"
        f" {peak(estimate) if certain else gib(estimate.high) + ' GiB'} at the peak ({estimate.phase});"
        f" {device(plan)}",
        _remedies(plan),
        None if is_error else Severity.WARNING,
        related=(("hardware.accelerator", device(plan)), *_engine(plan, workload)),
    )


def _may_be_shorter(plan: Plan, workload: Workload, capacity: int) -> bool:
    """Whether the samples are only cut to their length, and short ones would fit."""
    short = plan.memory.ask(workload._replace(length=min(workload.length, _SHORT)))
    return workload.many_lengths and short is not None and short.low <= capacity


def _engine(plan: Plan, workload: Workload) -> Iterator[tuple[str, str]]:
    path = plan.path("vllm_gpu_memory_utilization")
    if workload.engine and plan.given(path):
        yield path, f"vLLM takes {gib(workload.engine * (plan.memory.capacity or 0))} GiB of it"


def _remedies(plan: Plan) -> list[Remedy]:
    """The two cheapest ways out: a smaller micro-batch where one fits, and what makes room for this one."""
    base, share = base_workload(plan), samples(plan)
    smaller = largest(plan.memory, base, share, plan.batch.max_per_device) if base and share else None
    possible = ways(plan)
    found = [way for way in possible if all(_can_be_written(plan, put.path) for put in way.puts)]
    enough = [way for way in found if way.per_device >= (plan.batch.per_device or 1)]
    chosen = [*([smaller] if smaller else []), *(enough or found)][:2]
    if not chosen:
        return [Say(_LARGER if possible else f"{_LARGER}: no setting that configlint knows makes it fit")]
    acts = [_acts(plan, way) for way in chosen]
    # A way's peak is that of the largest batch that fits with it.
    if all(way.per_device == _trained(plan, way) for way in chosen):
        peaks = " or ".join(gib(way.estimate.high) for way in chosen)
        acts[-1] = explained(acts[-1], f"the peak is then up to {peaks} GiB")
    return [*acts]


def _can_be_written(plan: Plan, path: str) -> bool:
    setting = plan.spec.settings.get(path)
    return bool(setting.keys) if setting else plan.can_say(path)


def _acts(plan: Plan, way: Way) -> tuple[Put, ...]:
    """A change, with another micro-batch where the one that is pinned does not fit even then."""
    keeps = not _is_pinned(plan) or _trained(plan, way) == plan.batch.per_device
    return way.puts if way.puts and keeps else (*way.puts, *factors(plan, way.per_device, way.accumulation))


def _trained(plan: Plan, way: Way) -> int:
    """The per-device batch with which the plan then trains."""
    wanted = plan.batch.per_device if _is_pinned(plan) else None
    # All at once there are no gradients from before, so that a smaller one need not fit.
    if wanted is None or not way.puts or wanted > way.per_device or way.accumulation == 1:
        return way.per_device
    return wanted


def _is_pinned(plan: Plan) -> bool:
    return plan.batch.pinned_per_device is not None or plan.batch.pinned_accumulation is not None
