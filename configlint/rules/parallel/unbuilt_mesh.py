"""These kinds of parallelism cannot be combined in the mesh of one job.

Context parallelism requires FSDP 2, and sequence parallelism (Ulysses) requires DeepSpeed. A tensor-parallel model
is sharded when it is loaded, by Transformers' DistributedConfig, which supports neither; a mesh of Accelerate's own
that has tensor beside one of them is not supported by configlint. FSDP can shard a copy of the model over some of
the replicas only where their number is divisible. Such a job fails after the queue or trains on a different mesh:
configlint writes no files for it.

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
from configlint.core.remedy import Drop, Move, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import replicas_in_words
from configlint.rules.parallel import beside, degree, instead, is_meshed, launched

_DATA = ("ddp", "fsdp", "zero0", "zero1", "zero2", "zero3")
_KINDS = ("tensor", "context", "sequence")


@rule(Severity.ERROR, when=is_meshed)
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    # Where the devices cannot be split at all, that comes first.
    if parallel.world and not parallel.replicas:
        return
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
    ways = sorted((_alone(plan, kept) for kept in (first, second)), key=len)
    why = "they both split the sequence" if first == "context" else "configlint does not support both in one mesh"
    return Finding(
        f"parallel.{second}",
        f"{degree(plan, first)} and {degree(plan, second)} cannot be combined: {why}",
        ways,
        related=beside(plan, first),
    )


def _alone(plan: Plan, kept: str) -> tuple[Drop | Put, ...]:
    """To keep one degree of those that are used, with the engine that it takes."""
    others = [kind for kind in _KINDS if kind != kept and getattr(plan.parallel, kind) != 1]
    drops = [Drop(f"parallel.{kind}") for kind in others]
    engine = [] if _has_engine(plan, kept) else [Put("parallel.data", _engine(kept))]
    return (*drops, *engine, *(() if kept == "tensor" else launched(plan)))


def _engine(kind: str) -> str:
    return "fsdp" if kind == "context" else "zero3"


def _has_engine(plan: Plan, kind: str) -> bool:
    if kind == "tensor":
        return True
    return plan.parallel.data == "fsdp" if kind == "context" else plan.parallel.uses_deepspeed


def _without_engine(plan: Plan, kind: str) -> Finding:
    data = plan.parallel.data
    engine, other = ("FSDP", "sequence") if kind == "context" else ("DeepSpeed", "context")
    path, remedies, launch = f"parallel.{kind}", list[Remedy](), launched(plan)
    if _has_engine(plan, other):
        remedies.append((Move(path, f"parallel.{other}", getattr(plan.parallel, kind)), *launch))
    return Finding(
        path,
        f"{degree(plan, kind)} requires {engine}; `{plan.name('parallel.data')}` is {data}",
        [*remedies, (Put("parallel.data", _engine(kind)), *launch)],
        related=beside(plan, "data"),
    )


def _shard(plan: Plan) -> Iterator[Finding]:
    shard, copies, replicas = plan.parallel.shard, plan.parallel.copies, plan.parallel.replicas
    # What cannot be split into groups at all is another rule's.
    if shard is None or replicas is None:
        return
    remedies = [_sized(plan, size) for size in _near(shard, replicas)]
    if copies is None:
        message = f"{count(replicas, 'replica')} cannot be split into groups of {degree(plan, 'shard')}"
    else:
        message = f"{degree(plan, 'shard')} shards nothing: each of {count(replicas, 'replica')} holds a whole copy"
        if plan.parallel.context == 1:
            remedies.append(instead(plan, "shard", shard=None, data="ddp"))
    yield Finding("parallel.shard", message, remedies, related=(replicas_in_words(plan),))


def _sized(plan: Plan, size: int | None) -> Remedy:
    """Another number of devices that share a copy, with what several copies take."""
    remedy = instead(plan, "shard", shard=size)
    if isinstance(remedy, Say) or size in (None, plan.parallel.replicas):
        return remedy
    return (*remedy, *launched(plan))


def _near(shard: int, replicas: int) -> list[int | None]:
    """The sizes next to `shard` that divide the replicas and shard something; None for one replica, which holds the
    whole model."""
    sizes = [size for size in divisors(replicas) if size > 1]
    below, above = [size for size in sizes if size < shard], [size for size in sizes if size > shard]
    return [*below[-1:], *above[:1]] or [None]
