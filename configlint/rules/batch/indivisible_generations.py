"""A generation batch does not hold whole groups of completions.

GRPO and RLOO compare `num_generations` completions of one prompt, and every batch counts completions, not
prompts. What is generated at a time, per_device x processes x accumulation unless something else is written,
must be a multiple of it: TRL refuses to start otherwise. In evaluation, per_device_eval_batch_size x processes
must be one.

Bad:

    trainer: GRPOTrainer
    batch: {effective: 60}
    hardware: {accelerator: a100-80gb, devices_per_node: 4}
    training: {num_generations: 8}

Good:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 4}
    training: {num_generations: 8}

Source: trl 1.16 trainer/grpo_config.py and rloo_config.py, __post_init__; until 0.17 trainer/grpo_trainer.py,
__init__ (0.15 and 0.16 leave accumulation out, 0.14 counts prompts)
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, lcm
from typing import NamedTuple

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import positive
from configlint.core.wording import count

_FAR = 1000


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    since = {"GRPOTrainer": (0, 15), "RLOOTrainer": (0, 22)}.get(plan.trainer or "")
    if (plan.parallel.world or 0) % (plan.hardware.nodes or 1):
        return  # hardware/uneven-nodes is the cause, and its remedy makes other processes
    if since and (plan.release.trl or (0, 0)) >= since:
        yield from _training(plan)
        yield from _evaluation(plan)


def _training(plan: Plan) -> Iterator[Finding]:
    group, per_device, world = _group(plan), plan.batch.per_device, plan.parallel.world
    if not group or not per_device or not world:
        return
    size, steps = _own(plan, "generation_batch_size"), _own(plan, "steps_per_generation")
    if size is None:
        made = _made(plan, group, steps, per_device, world)
        if made and made.size % group:
            yield _finding(plan, group, made)
    elif steps is None and (whole := positive(size)):
        yield from _given(plan, group, whole, per_device * world)


class _Batch(NamedTuple):
    """What is generated at a time, in completions; the argument beside num_generations that decides on it,
    and what would make it whole."""

    size: int
    factors: str
    argument: str | None
    remedy: str | None


def _made(plan: Plan, group: int, steps: object, per_device: int, world: int) -> _Batch | None:
    micro, factors = per_device * world, f"{per_device} x {world}"
    if steps is not None:
        lasts, name = positive(steps), "steps_per_generation"
        remedy: str | None = f"a multiple of {group // gcd(group, micro)} as {name}"
    elif (plan.release.trl or (0, 0)) < (0, 17):
        remedy = f"a multiple of {group // gcd(group, world)} as per_device"
        return _Batch(micro, f"{factors}: per_device x processes", None, remedy)
    else:
        lasts, name, remedy = plan.batch.accumulation, "accumulation", _totals(plan, group, world)
    if not lasts:
        return None
    words = f"{factors} x {lasts}: per_device x processes x {name}"
    return _Batch(micro * lasts, words, None if name == "accumulation" else name, remedy)


def _given(plan: Plan, group: int, size: int, micro: int) -> Iterator[Finding]:
    """A generation batch that was written: it lasts for whole micro-batches, too."""
    for unit, words in ((micro, f"{micro} = per_device x processes"), (group, f"{group} = num_generations")):
        if size % unit:
            sizes = [str(each) for each in _around(size, lcm(micro, group)) if each]
            yield Finding(
                plan.path("generation_batch_size"),
                f"generation_batch_size {size} is no multiple of {words}",
                f"write {' or '.join(sizes)}",
            )
            return


def _evaluation(plan: Plan) -> Iterator[Finding]:
    per_device, world = positive(plan.argument("per_device_eval_batch_size")), plan.parallel.world
    if plan.intervals.eval_strategy in (None, "no") or not per_device or not world:
        return
    own = _own(plan, "num_generations_eval")
    group = positive(own) if own else _group(plan)
    if not group or per_device * world % group == 0:
        return
    help = f"write a multiple of {group // gcd(group, world)} as per_device_eval_batch_size"
    if "num_generations_eval" in plan.release.arguments:
        help += f", or a num_generations_eval that divides {per_device * world}"
    yield Finding(
        _first(plan, "num_generations_eval", "per_device_eval_batch_size", "eval_strategy") or "training",
        f"the {per_device * world} completions of an evaluation batch ({per_device} x {world}:"
        f" per_device_eval_batch_size x processes) are no whole groups of {group}",
        help,
    )


def _finding(plan: Plan, group: int, batch: _Batch) -> Finding:
    names = ["num_generations"] + ([batch.argument] if batch.argument else [])
    default = "" if _first(plan, "num_generations") else " (the default of num_generations)"
    sizes = [str(size) for size in _divisors_around(batch.size, group)]
    remedies = [f"{' or '.join(sizes)} as num_generations"] if sizes else []
    remedies += [batch.remedy] if batch.remedy else []
    return Finding(
        _first(plan, *names) or "batch.effective",
        f"{count(batch.size, 'completion')} ({batch.factors}) cannot be split into groups of {group}{default}",
        f"write {', or '.join(remedies)}" if remedies else None,
    )


def _first(plan: Plan, *names: str) -> str | None:
    """The place of the first of some arguments that was written."""
    return next((path for name in names if plan.given(path := plan.path(name))), None)


def _totals(plan: Plan, group: int, world: int) -> str | None:
    """The nearest effective batches that hold whole groups; None where both factors are pinned."""
    batch, replicas = plan.batch, plan.parallel.replicas
    if not batch.effective or not replicas or (batch.pinned_per_device and batch.pinned_accumulation):
        return None
    unit = replicas * (batch.pinned_per_device or batch.pinned_accumulation or 1)
    sizes = _around(batch.effective, lcm(unit, group // gcd(group, world // replicas)))
    return f"{' or '.join(str(size) for size in sizes if size)} as batch.effective"


def _group(plan: Plan) -> int | None:
    """num_generations; None below 2, which is argument/out-of-range."""
    group = positive(plan.argument("num_generations"))
    return group if group and group > 1 else None


def _own(plan: Plan, name: str) -> object:
    """An argument that the release may not have yet."""
    return plan.argument(name) if name in plan.release.arguments else None


def _around(number: int, unit: int) -> tuple[int, int]:
    """The multiples of a unit below and above a number that is none."""
    below = number // unit * unit
    return below, below + unit


def _divisors_around(number: int, near: int) -> list[int]:
    """The divisors of a number next to another one, below and above, as far as they are of use: from 2 on,
    and up to twice of it."""
    below, above = min(near, number), min(2 * near, number)
    found = (
        next((size for size in range(below, max(below - _FAR, 1), -1) if number % size == 0), None),
        next((size for size in range(near + 1, min(above, near + _FAR) + 1) if number % size == 0), None),
    )
    return [size for size in found if size]
