"""Hardware: which devices the job lands on, and how many of them train."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.plan import Plan


def applies(plan: Plan) -> bool:
    return True


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {"too_many_devices": lambda plan: plan.parallel.world is None}
