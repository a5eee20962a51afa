"""What fits: the memory of the device against what a per-device batch takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property

from configlint.core.arithmetic import divisors
from configlint.core.plan import Batch, Hardware, Memory
from configlint.core.profile import Accelerator
from configlint.core.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from configlint.core.workload import Estimate, Workload

GIB = 2**30


class Estimator:
    """What a workload takes of an accelerator: two about the same one are equal."""

    def __init__(self, accelerator: Accelerator | None) -> None:
        self.accelerator = accelerator

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Estimator) and self.accelerator == other.accelerator

    def __hash__(self) -> int:
        return hash(self.accelerator)

    def __call__(self, workload: Workload) -> Estimate | None:
        """The closed form's answer, which is loaded when it is first asked for."""
        return _answer(_Asked(workload, self.accelerator))


class _Asked:
    """A workload on an accelerator, that many specs may have in common. Of the model's config, which is no key, it
    counts that it is the same one."""

    def __init__(self, workload: Workload, accelerator: Accelerator | None) -> None:
        self.workload = workload
        self.accelerator = accelerator

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Asked) or self.workload.config is not other.workload.config:
            return False
        return self.workload[1:] == other.workload[1:] and self.accelerator == other.accelerator

    def __hash__(self) -> int:
        return hash((self.workload[1:], self.accelerator))


@cache
def _answer(asked: _Asked) -> Estimate | None:
    from configlint.memory.closed_form import estimate

    return estimate(asked.workload, asked.accelerator)


class Room:
    """Answers whether a per-device batch fits."""

    def __init__(self, hardware: Hardware, workload: Workload | None, missing: tuple[str, ...] = ()) -> None:
        self.accelerator = hardware.accelerator
        self.missing = missing
        self.workload = workload
        memory, headroom = self.accelerator.memory_gib if self.accelerator else None, hardware.headroom
        self.capacity = int(memory * GIB) if memory else None
        self.budget = int(self.capacity * (1 - headroom)) if self.capacity and headroom is not None else None
        self.ask = Estimator(self.accelerator)

    def estimate(self, per_device: int, accumulation: int) -> Estimate | None:
        """What a batch takes of the device; None where that cannot be known."""
        if self.workload is None:
            return None
        from configlint.core.workload import of_batch

        return self.ask(of_batch(self.workload, per_device, accumulation))

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """The paths of what keeps from an answer."""
        if self.workload is None:
            return self.missing
        from configlint.memory.closed_form import without_closed_form

        return without_closed_form(self.workload)

    def _is_saved(self) -> bool:
        from configlint.memory.saved import is_saved

        return self.workload is not None and is_saved(self.workload)

    def fits(self, per_device: int, accumulation: int) -> bool:
        estimate = self.estimate(per_device, accumulation)
        return estimate is not None and self.budget is not None and estimate.high <= self.budget

    def largest(self, share: int, most: int | None) -> int | None:
        """The largest divisor of the samples that fall to a replica, up to `most`, that fits; 0 where none does,
        None where it cannot be known."""
        if self.budget is None or (self.unknown and not self._is_saved()):
            return None
        sizes = [size for size in divisors(share) if size <= (most or share)]
        possible = self._possible(sizes, share, self.budget) if len(sizes) > 4 else sizes
        return next((size for size in reversed(possible) if self.fits(size, share // size)), 0)

    def _possible(self, sizes: Sequence[int], share: int, budget: int) -> Sequence[int]:
        """The sizes that two cheap answers do not rule out. The need is convex in the batch, so that a line through
        two small ones lies below it: what is above the budget on the line is above it in truth."""
        first, second = sizes[1:3]
        low, high = self.estimate(first, share // first), self.estimate(second, share // second)
        if low is None or high is None:
            return sizes
        slope = (high.high - low.high) / (second - first)
        # All at once, without accumulation, there are no gradients from before.
        spared = {share: 1.2 * low.breakdown["gradients"]}
        return [
            size
            for size in sizes
            if size <= first or low.high + slope * (size - first) - spared.get(size, 0) <= budget
        ]


def solve_memory(room: Room, batch: Batch, replicas: int | None) -> Memory:
    """What the plan's per-device batch takes, and the largest that would fit."""
    memory = Memory(capacity=room.capacity, budget=room.budget, missing=room.missing, ask=room.ask)
    if room.workload is None or batch.per_device is None or batch.accumulation is None or replicas is None:
        return memory
    from configlint.core.workload import of_batch

    workload = of_batch(room.workload, batch.per_device, batch.accumulation)
    estimate = room.ask(workload)
    if estimate is None:
        # With a closed form, it is that nothing would be trained.
        return memory._replace(workload=workload, missing=room.unknown or ("tuning.target_modules",))
    return memory._replace(
        workload=workload,
        estimate=estimate,
        largest=room.largest(batch.per_device * batch.accumulation, None),
    )
