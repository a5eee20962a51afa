"""The kinds of parallelism do not go together: no engine builds their mesh.

Context parallelism is there with FSDP 2, and sequence parallelism (Ulysses) is DeepSpeed's. A tensor-parallel model
is loaded on a mesh that has neither. FSDP shares a copy of the model out over a part of the replicas only where
they can be split so. Such a job fails after the queue or trains on another mesh: configlint writes no files for it.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, context: 2}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, context: 2}

Source: accelerate 1.15 parallelism_config.py, ParallelismConfig.__post_init__ and _validate_accelerator; state.py,
AcceleratorState.__init__; transformers 5.23 distributed/configuration_utils.py, DistributedConfig
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import divisors, misfit
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import count, listing
from configlint.rules.batch import replicas_in_words

_DATA = ("ddp", "fsdp", "zero0", "zero1", "zero2", "zero3")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    sizes = (parallel.tensor, parallel.context, parallel.sequence)
    found = misfit(parallel) if parallel.data in _DATA and None not in sizes else None
    if found is None:
        return
    first, second = found
    if first == "shard":
        yield from _shard(plan)
    elif second == "data":
        yield _without_engine(plan, first)
    else:
        yield _together(plan, first, second)


def _together(plan: Plan, first: str, second: str) -> Finding:
    sizes = {name: getattr(plan.parallel, name) for name in (first, second)}
    if first == "context":
        why, help = (
            "are two ways to share out a sequence",
            "keep context with data: fsdp, or sequence with data: zero3",
        )
    else:
        why, help = "have no mesh in common", f"keep one of them, and write 1 for the other: {first} or {second}"
    return Finding(
        f"parallel.{second}",
        f"{first} {sizes[first]} and {second} {sizes[second]} {why}, and no engine builds both",
        help,
        related=((f"parallel.{first}", f"{first} {sizes[first]}"),),
    )


def _without_engine(plan: Plan, degree: str) -> Finding:
    data, size = plan.parallel.data or "", getattr(plan.parallel, degree)
    if degree == "context":
        needs, help = "FSDP", "write data: fsdp"
        if data.startswith("zero"):
            help += f", or `sequence: {size}`, which is DeepSpeed's own way"
    else:
        needs, help = "DeepSpeed", "write data: zero3"
        if data == "fsdp":
            help += f", or `context: {size}`, which is FSDP's own way"
    return Finding(
        f"parallel.{degree}",
        f"{degree} {size} is there with {needs} only, not with {data}",
        help,
        related=(("parallel.data", f"data: {data}"),) if plan.given("parallel.data") else (),
    )


def _shard(plan: Plan) -> Iterator[Finding]:
    shard, copies, replicas = plan.parallel.shard, plan.parallel.copies, plan.parallel.replicas
    # What cannot be split into groups at all is another rule's.
    if shard is None or replicas is None:
        return
    help = _other_shard(plan, shard, replicas)
    if copies is None:
        message = f"{count(replicas, 'replica')} cannot be split into groups of {shard} (shard {shard})"
    else:
        message = f"shard 1 shares nothing out: each of {count(replicas, 'replica')} is to hold a whole copy"
        help += ", or data: ddp for whole copies" if plan.parallel.context == 1 else ""
    yield Finding(
        "parallel.shard",
        message,
        help,
        related=(replicas_in_words(plan),),
    )


def _other_shard(plan: Plan, shard: int, replicas: int) -> str:
    """What to write instead: for a target, there, where what others share is right for those."""
    target, near = plan.spec.target, _near(shard, replicas)
    shared = target is not None and plan.spec.is_shared(plan.spec.settings["parallel.shard"])
    if not near:
        if shared:
            return f"in target {target}: `parallel: {{shard: null}}`, as one replica holds all of the model"
        return "delete it: one replica holds all of the model"
    if shared:
        return f"in target {target}: {listing([f'`parallel: {{shard: {size}}}`' for size in near], 'or')}"
    return f"write {listing([f'`shard: {size}`' for size in near], 'or')}"


def _near(shard: int, replicas: int) -> list[int]:
    """The sizes next to `shard` that divide the replicas and share something out."""
    sizes = [size for size in divisors(replicas) if size > 1]
    below, above = [size for size in sizes if size < shard], [size for size in sizes if size > shard]
    return [*below[-1:], *above[:1]]
