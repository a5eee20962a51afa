"""Parallelism: how the devices share the work."""

from __future__ import annotations

from collections.abc import Callable

from configlint.plan import Plan


def applies(plan: Plan) -> bool:
    return plan.given("parallel")


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "context_without_sdpa": lambda plan: plan.parallel.context != 1,
    "deepspeed_mismatch": lambda plan: plan.given("parallel.deepspeed"),
    "double_checkpointing": lambda plan: plan.parallel.data == "fsdp",
    "full_checkpoint": lambda plan: plan.parallel.tensor != 1,
    "old_fsdp": lambda plan: plan.given("parallel.fsdp"),
    "refused_fsdp_value": lambda plan: plan.given("parallel.fsdp"),
    "shard_without_fsdp": lambda plan: plan.given("parallel.shard"),
    "ungathered_weights": lambda plan: plan.given("parallel.deepspeed"),
}
