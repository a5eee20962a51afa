"""`prove`: whether the ranks of a job would consume the batch that was written, asked of the Trainer itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice

from configlint.backends import mesh
from configlint.core import installing
from configlint.core.artifact import Artifact
from configlint.core.errors import UsageError
from configlint.core.plan import Plan
from configlint.core.wording import count, listing
from configlint.proving import ranks
from configlint.proving.answer import Found, Proof, Rank
from configlint.proving.ranks import Job

# Optimizer steps that are looked at.
_STEPS = 2
# Of worlds up to this size all ranks are asked unless told otherwise, of larger ones so many, in whole replicas.
_ALL_UP_TO, _SAMPLED = 64, 16
_ENGINES = {"ddp": ("MULTI_GPU", "MULTI_CPU"), "fsdp": ("FSDP",)}


def prove(plans: Sequence[Plan], files: Sequence[Sequence[Artifact]], every: bool = False) -> list[Proof]:
    """What becomes of each plan with the files that were made of it; `every` asks all ranks.

    Raises:
        UsageError: what sets up the ranks is not installed.
    """
    if missing := ranks.missing(plans):
        raise UsageError(f"prove requires {listing(missing)}: run {installing.command(missing)}")
    jobs = [job(plan, artifacts, every) for plan, artifacts in zip(plans, files, strict=True)]
    return [answer(asked, found) for asked, found in zip(jobs, ranks.set_up(jobs), strict=True)]


def job(plan: Plan, artifacts: Sequence[Artifact], every: bool = False) -> Job:
    """What is asked of a plan and the files that were made of it."""
    texts = {artifact.name: artifact.text for artifact in artifacts}
    own = {name: str(value) for name, value in plan.spec.section("launch.env").items()}
    return Job(plan, texts, {**own, **mesh.environment(plan)}, sample(plan, every), _steps(plan))


def _steps(plan: Plan) -> int:
    """The steps to look at: those that train the completions of a generation belong together, and one that the
    examples do not fill is no measure."""
    batch, examples = plan.batch, plan.data.train_examples
    cycle, whole = 1, None if examples is None else examples // (batch.trained or 1)
    if plan.generation:
        cycle = plan.generation.cycle(batch.accumulation or 1)
        if examples is not None:
            whole = plan.generation.batches(examples) // (batch.accumulation or 1)
    steps = cycle * _STEPS if whole is None else min(cycle * _STEPS, whole - whole % cycle or whole)
    return max(steps, 1)


def sample(plan: Plan, every: bool) -> tuple[int, ...]:
    """Ranks to ask: of the first and the last replicas, around the first border between nodes, between."""
    world, replicas = plan.parallel.world or 1, plan.parallel.replicas or 1
    size = world // replicas
    if every or world <= _ALL_UP_TO:
        return tuple(range(world))
    border = world // (plan.hardware.nodes or 1) // size
    wanted = [0, replicas - 1, border - 1, border, 1, replicas - 2, replicas // 2]
    wanted += [replicas * part // 16 for part in range(1, 16)]
    chosen = list(dict.fromkeys(each for each in wanted if 0 <= each < replicas))[: max(2, _SAMPLED // size)]
    return tuple(replica * size + member for replica in sorted(chosen) for member in range(size))


def answer(job: Job, found: Found) -> Proof:
    """What was found, held against the plan."""
    if not found.ranks:
        return Proof(job.plan, job.ranks, found)
    cycle = found.ranks[0].cycle
    cycles = range(min(len(rank.steps) for rank in found.ranks) // cycle)
    distinct = [len({number for rank in found.ranks for number in rank.trained(each)}) for each in cycles]
    result = Proof(job.plan, job.ranks, found, tuple(distinct))
    return result._replace(differences=tuple(dict.fromkeys(_differences(result))))


def _differences(answer: Proof) -> Iterator[str]:
    plan, found = answer.plan, answer.found.ranks
    if answer.all_asked:
        yield from islice(_counts(answer), 1)
    yield from _shares(plan, found)
    for rank in found:
        yield from _claims(plan, rank)
        yield from _engine(plan, rank)


def _counts(answer: Proof) -> Iterator[str]:
    """What all ranks get together, in the steps where it is not what is planned."""
    trained, ranks = answer.plan.batch.trained or 0, answer.found.ranks
    size = (answer.plan.parallel.world or 1) // (answer.plan.parallel.replicas or 1)
    repeats, cycle = ranks[0].repeats, ranks[0].cycle
    for number, distinct in enumerate(answer.distinct):
        what = f"distinct examples, {repeats} samples of each," if repeats != 1 else "distinct samples"
        where = f"step {number + 1}" if cycle == 1 else f"steps {number * cycle + 1} to {(number + 1) * cycle}"
        if distinct * repeats != trained * cycle:
            yield f"{distinct} {what} in {where}, but the plan says {trained * cycle}"
        times = Counter(example for rank in ranks[::size] for example in rank.trained(number))
        if uneven := [seen for seen in times.values() if seen != repeats]:
            yield f"an example is trained {uneven[0]} times in {where}, expected {repeats}"


def _shares(plan: Plan, found: Sequence[Rank]) -> Iterator[str]:
    """Whether those of a replica get the same samples, of two replicas others, and each as many as planned; of
    each kind of difference the first."""
    size = (plan.parallel.world or 1) // (plan.parallel.replicas or 1)
    replicas: dict[int, list[Rank]] = {}
    for rank in found:
        replicas.setdefault(rank.rank // size, []).append(rank)
    firsts = [members[0] for members in replicas.values()]
    yield from islice(_sizes(plan, firsts), 1)
    others = [(first, other) for first, *members in replicas.values() for other in members]
    apart = [f"ranks {first.rank} and {other.rank}" for first, other in others if first.steps != other.steps]
    yield from (f"{ranks} belong to one replica but get different samples" for ranks in apart[:1])
    if found[0].repeats == 1:
        yield from islice(_overlaps(firsts), 1)


def _sizes(plan: Plan, firsts: Sequence[Rank]) -> Iterator[str]:
    share = (plan.batch.per_device or 0) * (plan.batch.accumulation or 0)
    for rank in firsts:
        for step, numbers in enumerate(rank.steps, 1):
            if len(numbers) != share:
                yield f"rank {rank.rank} gets {count(len(numbers), 'sample')} in step {step}, expected {share}"


def _overlaps(firsts: Sequence[Rank]) -> Iterator[str]:
    for step in range(min(len(rank.steps) for rank in firsts)):
        shares = [(rank.rank, set(rank.steps[step])) for rank in firsts]
        for (one, own), (another, others) in combinations(shares, 2):
            if common := len(own & others):
                same = f"{count(common, 'sample')} of step {step + 1}"
                yield f"ranks {one} and {another} belong to two replicas but both get {same}"


def _claims(plan: Plan, rank: Rank) -> Iterator[str]:
    """The numbers that are the Trainer's and DeepSpeed's own."""
    batch, schedule = plan.batch, plan.schedule
    # DeepSpeed counts the ranks of its tensor parallelism as if each had samples of its own.
    counted = (batch.trained or 0) * (plan.parallel.tensor or 1)
    numbers = {
        "samples per step as the Trainer counts them": (rank.claimed, batch.trained),
        "samples per step as DeepSpeed counts them": (rank.deepspeed, counted if rank.deepspeed else None),
        "steps per epoch": (rank.steps_per_epoch, schedule.steps_per_epoch),
        "steps in total": (rank.total_steps, schedule.total_steps),
    }
    for name, (number, planned) in numbers.items():
        if planned is not None and number != planned:
            yield f"{number} {name}, but the plan says {planned}"


def _engine(plan: Plan, rank: Rank) -> Iterator[str]:
    """What shards the model, and how the ranks are arranged."""
    parallel = plan.parallel
    data = parallel.data or "ddp"
    zero = data.startswith("zero")
    loaded = parallel.tensor != 1 and not zero
    engines = ("DEEPSPEED",) if zero else _ENGINES["ddp" if loaded else data]
    if rank.engine not in engines:
        yield f"Accelerate runs {rank.engine}, but the plan says {data}"
    if zero and rank.stage is not None and f"zero{rank.stage}" != data:
        yield f"DeepSpeed runs stage {rank.stage}, but the plan says {data}"
    planned: Mapping[str, object] = {name: getattr(parallel, name) for name in rank.degrees}
    if data == "fsdp" and rank.mesh:
        planned = {**planned, "dp_shard": parallel.shard, "dp_replicate": parallel.copies}
    have = {"dp_shard": 1, "dp_replicate": 1, **rank.mesh, **rank.degrees}
    for name, size in planned.items():
        if have[name] != size:
            yield f"{name} is {have[name]} in the mesh, but the plan says {size}"
