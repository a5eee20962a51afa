"""What is known of the ranks of a job before it runs: the answer of `prove`."""

from __future__ import annotations

from configlint.core.diagnostic import Diagnostic
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple


class Rank(NamedTuple):
    """What one rank gets: the examples of each step, by number, each `repeats` times over all ranks and `cycle`
    steps (completions of a prompt); and what the Trainer says of itself: the samples of a step, its engine with the
    ZeRO stage, the device mesh, the degrees of parallelism, DeepSpeed's own batch."""

    rank: int
    steps: tuple[tuple[int, ...], ...]
    repeats: int
    cycle: int
    claimed: int
    steps_per_epoch: int
    total_steps: int
    engine: str
    stage: int | None
    mesh: dict[str, int]
    degrees: dict[str, int]
    deepspeed: int | None

    def trained(self, cycle: int) -> tuple[int, ...]:
        """The examples of all steps of a cycle, counted from 0."""
        steps = self.steps[cycle * self.cycle : (cycle + 1) * self.cycle]
        return tuple(number for step in steps for number in step)


class Found(NamedTuple):
    """The ranks that were set up `by` these packages; what a library refused; or why nothing is proven. `aside`
    says what of the plan had no part in it, and why."""

    by: tuple[str, ...] = ()
    ranks: tuple[Rank, ...] = ()
    refusals: tuple[Diagnostic, ...] = ()
    unproven: str | None = None
    aside: tuple[str, ...] = ()


class Proof(NamedTuple):
    """Of one plan: the ranks that were asked, in whole replicas, and what became of them; `distinct` counts the
    samples of each step, or of each cycle of steps, that any of them gets, and `differences` are sentences: what is
    not as planned."""

    plan: Plan
    asked: tuple[int, ...]
    found: Found
    distinct: tuple[int, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def all_asked(self) -> bool:
        return len(self.asked) == self.plan.parallel.world

    @property
    def proven(self) -> bool | None:
        """None where there is no telling."""
        if self.found.refusals or self.differences:
            return False
        return None if self.found.unproven else True
