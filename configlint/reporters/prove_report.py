"""What `prove` answers: for people a block a plan; for programs version 1."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from configlint.core.diagnostic import Diagnostic
from configlint.core.plan import Plan
from configlint.core.wording import count, in_a_line, listing
from configlint.proving.answer import Proof, Rank


def as_text(answers: Sequence[Proof]) -> str:
    blocks = ["".join(f"{in_a_line(line)}\n" for line in _block(answer)) for answer in answers]
    return "\n".join(blocks) + _together(answers)


def as_json(answers: Sequence[Proof]) -> str:
    document = {"version": 1, "targets": [_record(answer) for answer in answers]}
    return json.dumps(document, indent=2) + "\n"


def _block(answer: Proof) -> Iterator[str]:
    plan, found = answer.plan, answer.found
    name = plan.spec.target or plan.spec.source.name
    if not found.ranks:
        refused = "; ".join(f"{each.rule.rpartition('/')[2]} rejects it" for each in found.refusals)
        yield f"{name}: not proven: {refused or found.unproven}"
        return
    batch, first = plan.batch, found.ranks[0]
    yield f"{name}: {_counted(answer)}; the plan says {batch.trained or 0:,}, the Trainer {_claims(found.ranks)}"
    product = f"{batch.per_device} per device x {batch.accumulation} accumulated"
    yield f"  {product} x {count(plan.parallel.replicas or 1, 'replica')}{_steps(plan, first)}"
    yield f"  {_engine(plan, first)}"
    yield from (f"  not as planned: {difference}" for difference in answer.differences)
    if found.aside:
        yield f"  not covered: {', '.join(found.aside)}"
    yield f"  set up at full world size by {', '.join(found.by)}; model and data are stand-ins"


def _counted(answer: Proof) -> str:
    """What was counted, and of how many ranks; what follows where that is not all."""
    plan, ranks = answer.plan, answer.found.ranks
    world, replicas, repeats = plan.parallel.world or 1, plan.parallel.replicas or 1, ranks[0].repeats
    per = "step" if ranks[0].cycle == 1 else f"{ranks[0].cycle} steps"
    if answer.all_asked and not answer.distinct:
        number = sum(len(rank.steps[0]) for rank in ranks[:: world // replicas])
        return f"{number:,} samples per step over {count(world, 'rank')} (all counted)"
    if answer.all_asked:
        what = (
            f"distinct examples per {per}, {repeats} samples of each"
            if repeats != 1
            else "distinct samples per step"
        )
        counts = listing(dict.fromkeys(f"{number:,}" for number in answer.distinct))
        return f"{counts} {what} over {count(world, 'rank')} (all counted)"
    groups = len(ranks) * replicas // world
    firsts = ranks[:: world // replicas]
    number = answer.distinct[0] if repeats == 1 else sum(len(rank.steps[0]) for rank in firsts)
    what = "distinct samples" if repeats == 1 else "samples"
    part = f"{groups} of {replicas} replicas get {number:,} {what} per step"
    return f"{len(ranks)} of {world} ranks counted: {part}, so all replicas get {number * replicas // groups:,}"


def _claims(ranks: Sequence[Rank]) -> str:
    return listing(dict.fromkeys(f"{rank.claimed:,}" for rank in ranks))


def _steps(plan: Plan, rank: Rank) -> str:
    planned = plan.schedule.steps_per_epoch
    if planned is None:
        return ""
    verdict = "as planned" if planned == rank.steps_per_epoch else f"not {planned:,}"
    return f"; {count(rank.steps_per_epoch, 'step')} per epoch, {verdict}"


def _engine(plan: Plan, rank: Rank) -> str:
    """What shards the model over which mesh, by the libraries' own names."""
    stage = "" if rank.stage is None else f" stage {rank.stage}"
    sizes = rank.mesh or {name: size for name, size in rank.degrees.items() if size != 1}
    over = " x ".join(f"{name} {size}" for name, size in sizes.items())
    return f"engine: {rank.engine}{stage}, {over or count(plan.parallel.world or 1, 'rank')}"


def _together(answers: Sequence[Proof]) -> str:
    """Whether the targets would train the very same samples in each step: that can be seen where all are asked."""
    whole = [answer for answer in answers if answer.proven and answer.all_asked and answer.distinct]
    if len(whole) < 2:
        return ""
    first, *others = [_samples(answer) for answer in whole]
    names = listing(answer.plan.spec.target or answer.plan.spec.source.name for answer in whole)
    same = all(other == first for other in others)
    return f"\n{in_a_line(names)} train the same samples in each step\n" if same else ""


def _samples(answer: Proof) -> list[set[int]]:
    cycles = range(len(answer.distinct))
    return [{number for rank in answer.found.ranks for number in rank.trained(each)} for each in cycles]


def _record(answer: Proof) -> dict[str, object]:
    plan, found = answer.plan, answer.found
    batch, parallel, schedule = plan.batch, plan.parallel, plan.schedule
    return {
        "target": plan.spec.target,
        "proven": answer.proven,
        "asked": list(answer.asked) if found.ranks else [],
        "world": parallel.world,
        "planned": {
            "samples": batch.trained,
            "per_device": batch.per_device,
            "accumulation": batch.accumulation,
            "replicas": parallel.replicas,
            "steps_per_epoch": schedule.steps_per_epoch,
            "total_steps": schedule.total_steps,
        },
        "distinct": list(answer.distinct),
        "ranks": [rank._asdict() for rank in found.ranks],
        "differences": list(answer.differences),
        "refusals": [_refusal(refusal) for refusal in found.refusals],
        "unproven": found.unproven,
        "aside": list(found.aside),
        "by": list(found.by),
    }


def _refusal(found: Diagnostic) -> dict[str, object]:
    span = found.span
    place = {"file": span.source.name, "line": span.line, "column": span.column}
    return {"rule": found.rule, "message": found.message, "path": found.path, **place}
