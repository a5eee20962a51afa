"""What to write for another effective batch."""

from __future__ import annotations

from itertools import chain, combinations

from configlint.core.arithmetic import divisors, reachable
from configlint.core.plan import Batch, Plan
from configlint.core.remedy import Drop, Put

# The factors that can be pinned; the first is removed rather than the second.
_PINS = {"batch.accumulation": "pinned_accumulation", "batch.per_device": "pinned_per_device"}


def total(plan: Plan, size: int) -> Put:
    """An effective batch in the unit in which it was written: samples or tokens."""
    if plan.given("batch.effective_tokens") and not plan.given("batch.effective") and plan.sequence_length:
        return Put("batch.effective_tokens", size * plan.sequence_length)
    return Put("batch.effective", size)


def removals(plan: Plan, size: int) -> tuple[Drop, ...] | None:
    """The pinned factors to remove so that a batch of this size can be reached, as few as possible; None where it
    cannot be reached on this hardware."""
    pinned = [path for path, name in _PINS.items() if getattr(plan.batch, name)]
    for removed in chain.from_iterable(combinations(pinned, number) for number in range(len(pinned) + 1)):
        batch = plan.batch._replace(**{_PINS[path]: None for path in removed})
        if _makes(batch, size, plan.parallel.replicas or 1):
            return tuple(Drop(path) for path in removed)
    return None


def passed(plan: Plan, size: int) -> tuple[Put, ...] | None:
    """The factors that make a batch of this size, for a call, which has both of them: the per-device batch as large
    as it is at most. None where there are none, or one is only known at runtime."""
    per_device, accumulation = plan.batch.pinned_per_device, plan.batch.pinned_accumulation
    share, rest = divmod(size, plan.parallel.replicas or 1)
    if rest or not per_device or not accumulation:
        return None
    smaller = divisors(share, per_device)[-1]
    kept = Put("batch.accumulation", share // smaller)
    return (kept,) if smaller == per_device else (Put("batch.per_device", smaller), kept)


def _makes(batch: Batch, size: int, replicas: int) -> bool:
    if batch.pinned_per_device and batch.pinned_accumulation:
        return batch.pinned_per_device * batch.pinned_accumulation * replicas == size
    return reachable(batch, size, replicas)[0] == size
