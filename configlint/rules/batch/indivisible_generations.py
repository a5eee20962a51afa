"""A generation batch cannot be split into whole groups of completions.

GRPO and RLOO compare `num_generations` completions of one prompt, and every batch counts completions, not
prompts. The generation batch, per_device x processes x accumulation by default, must be a multiple of
`num_generations`; otherwise TRL refuses to start. In evaluation the same holds for per_device_eval_batch_size x
processes.

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
from math import ceil, gcd, lcm

from configlint.core.arithmetic import is_power_of_two
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.remedy import Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.values import positive
from configlint.core.wording import count
from configlint.rules.batch import is_unreachable
from configlint.rules.batch._totals import total

_FAR = 1000


@rule(Severity.ERROR, when=lambda plan: plan.release.trainer.completions is not None)
def check(plan: Plan) -> Iterator[Finding]:
    since = plan.release.trainer.completions
    if plan.spec.reader.replaces_batch:
        return  # batch/replaced-per-device
    if (plan.parallel.world or 0) % (plan.hardware.nodes or 1):
        return  # hardware/uneven-nodes is the cause, and its remedy makes other processes
    if is_unreachable(plan):
        return
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
    remedy: Put | None


def _made(plan: Plan, group: int, steps: object, per_device: int, world: int) -> _Batch | None:
    micro = per_device * world
    factors = f"`{plan.name('batch.per_device')}` {per_device} x {count(world, 'process', 'processes')}"
    if steps is not None:
        lasts, path = positive(steps), plan.path("steps_per_generation")
        remedy = Put(path, _above(lasts, group // gcd(group, micro))) if lasts else None
    elif (plan.release.trl or (0, 0)) < (0, 17):
        return _Batch(micro, factors, None, _per_device(plan, _above(per_device, group // gcd(group, world))))
    else:
        lasts, path, remedy = plan.batch.accumulation, "batch.accumulation", _whole(plan, group, world)
    if not lasts:
        return None
    argument = "steps_per_generation" if steps is not None else None
    return _Batch(micro * lasts, f"{factors} x `{plan.name(path)}` {lasts}", argument, remedy)


def _given(plan: Plan, group: int, size: int, micro: int) -> Iterator[Finding]:
    """A generation batch that was written: it lasts for whole micro-batches, too."""
    per_device = plan.name("batch.per_device")
    path, name = plan.path("generation_batch_size"), plan.name(plan.path("num_generations"))
    for unit, words in ((micro, f"{micro} (`{per_device}` x processes)"), (group, f"`{name}` {group}")):
        if size % unit:
            yield Finding(
                path,
                f"`{plan.name(path)}` {size} must be a multiple of {words}",
                [Put(path, each) for each in _around(size, lcm(micro, group)) if each],
            )
            return


def _evaluation(plan: Plan) -> Iterator[Finding]:
    size, own = _evaluated(plan), _own(plan, "num_generations_eval")
    group = positive(own) if own else _group(plan)
    if not size or not group or size % group == 0:
        return
    path, world = plan.path("per_device_eval_batch_size"), plan.parallel.world or 1
    remedies = [Put(path, _above(size // world, group // gcd(group, world)))]
    if "num_generations_eval" in plan.release.arguments:
        divisor = max(each for each in range(1, group) if size % each == 0)
        remedies.append(Put(plan.path("num_generations_eval"), divisor))
    yield Finding(
        _first(plan, "num_generations_eval", "per_device_eval_batch_size", "eval_strategy") or "training",
        f"an evaluation batch of {count(size, 'completion')} (`{plan.name(path)}` {size // world}"
        f" x {count(world, 'process', 'processes')}) cannot be split into groups of {group}",
        remedies,
    )


def _evaluated(plan: Plan) -> int | None:
    """The completions of an evaluation batch; None where nothing is evaluated, or it is not known."""
    per_device, world = positive(plan.argument("per_device_eval_batch_size")), plan.parallel.world
    if plan.intervals.eval_strategy in (None, "no") or not per_device or not world:
        return None
    return per_device * world


def _finding(plan: Plan, group: int, batch: _Batch) -> Finding:
    names = ["num_generations"] + ([batch.argument] if batch.argument else [])
    path = plan.path("num_generations")
    default = "" if plan.given(path) else f" ({plan.trainer}'s default)"
    # What evaluation asks of the group, too, where it has none of its own.
    evaluated = None if _own(plan, "num_generations_eval") else _evaluated(plan)
    sizes = [size for size in _divisors_around(batch.size, group) if (evaluated or 0) % size == 0]
    nearest = sorted(sizes, key=lambda size: abs(size - group))[: 1 if batch.remedy else 2]
    remedies: list[Remedy] = [Put(path, size) for size in nearest]
    return Finding(
        _first(plan, *names) or "batch.effective",
        f"a generation batch of {count(batch.size, 'completion')} ({batch.factors})"
        f" cannot be split into groups of `{plan.name(path)}` {group}{default}",
        remedies + ([batch.remedy] if batch.remedy else []),
    )


def _first(plan: Plan, *names: str) -> str | None:
    """The place of the first of some arguments that was written."""
    return next((path for name in names if plan.given(path := plan.path(name))), None)


def _whole(plan: Plan, group: int, world: int) -> Put | None:
    """The nearest effective batch that holds whole groups, a power of two of two as near; None where both factors
    are pinned."""
    batch, replicas = plan.batch, plan.parallel.replicas
    effective = batch.effective
    if not effective or not replicas or (batch.pinned_per_device and batch.pinned_accumulation):
        return None
    unit = replicas * (batch.pinned_per_device or batch.pinned_accumulation or 1)
    sizes = [size for size in _around(effective, lcm(unit, group // gcd(group, world // replicas))) if size]
    return total(plan, min(sizes, key=lambda size: (abs(size - effective), not is_power_of_two(size))))


def _per_device(plan: Plan, size: int) -> Put | None:
    """To write another per-device batch; None where the effective batch cannot be made of it."""
    batch, replicas = plan.batch, plan.parallel.replicas or 1
    pinned = batch.pinned_accumulation
    stated = plan.given("batch.effective") or plan.given("batch.effective_tokens")
    if stated and (pinned or not batch.effective or batch.effective % (size * replicas)):
        return None
    return Put("batch.per_device", size)


def _group(plan: Plan) -> int | None:
    """num_generations; None below 2, which is argument/out-of-range."""
    group = positive(plan.argument("num_generations"))
    return group if group and group > 1 else None


def _own(plan: Plan, name: str) -> object:
    """An argument that the release may not have yet."""
    return plan.argument(name) if name in plan.release.arguments else None


def _above(number: int, unit: int) -> int:
    """The multiple of a unit at a number or above it."""
    return ceil(number / unit) * unit


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
