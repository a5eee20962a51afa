"""Parallelism: how the devices share the work."""

from __future__ import annotations

from collections.abc import Callable

from configlint.plan import Plan


def applies(plan: Plan) -> bool:
    return plan.given("parallel")


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "context_without_sdpa": lambda plan: plan.parallel.context != 1,
    "full_checkpoint": lambda plan: plan.parallel.tensor != 1,
    "shard_without_fsdp": lambda plan: plan.given("parallel.shard"),
}
