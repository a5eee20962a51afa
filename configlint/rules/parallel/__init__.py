"""Parallelism: how the devices share the work."""

from __future__ import annotations

from collections.abc import Callable

from configlint.plan import Plan


def applies(plan: Plan) -> bool:
    return plan.given("parallel")


def _is_meshed(plan: Plan) -> bool:
    """Whether devices share more than the samples."""
    parallel = plan.parallel
    return plan.given("parallel.shard") or (parallel.tensor, parallel.context, parallel.sequence) != (1, 1, 1)


def _is_cpu(plan: Plan) -> bool:
    return plan.hardware.accelerator is not None and plan.hardware.accelerator.vendor == "cpu"


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "context_without_sdpa": lambda plan: plan.parallel.context != 1,
    "deepspeed_mismatch": lambda plan: plan.given("parallel.deepspeed"),
    "double_checkpointing": lambda plan: plan.parallel.data == "fsdp",
    "full_checkpoint": lambda plan: plan.parallel.tensor != 1,
    "indivisible_heads": _is_meshed,
    "indivisible_model": _is_meshed,
    "mesh_without_fsdp2": lambda plan: plan.given("parallel.fsdp"),
    "old_fsdp": lambda plan: plan.given("parallel.fsdp"),
    "ragged_sequences": _is_meshed,
    "refused_fsdp_value": lambda plan: plan.given("parallel.fsdp"),
    "refused_sequence_attention": lambda plan: plan.parallel.sequence != 1,
    "shard_without_fsdp": lambda plan: plan.given("parallel.shard"),
    "sharded_on_cpu": _is_cpu,
    "shards_across_nodes": lambda plan: plan.given("parallel.shard"),
    "tensor_across_nodes": lambda plan: plan.parallel.tensor != 1,
    "too_old_release": _is_meshed,
    "unbuilt_mesh": _is_meshed,
    "undivided_sequence": _is_meshed,
    "ungathered_weights": lambda plan: plan.given("parallel.deepspeed"),
}
