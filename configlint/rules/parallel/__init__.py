"""Parallelism: how the devices share the work."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.plan import Plan
from configlint.core.values import mapping, text


def applies(plan: Plan) -> bool:
    return plan.given("parallel")


def _is_meshed(plan: Plan) -> bool:
    """Whether devices share more than the samples."""
    parallel = plan.parallel
    return plan.given("parallel.shard") or (parallel.tensor, parallel.context, parallel.sequence) != (1, 1, 1)


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "context_without_sdpa": lambda plan: plan.parallel.context != 1,
    "full_checkpoint": lambda plan: plan.parallel.tensor != 1,
    "indivisible_heads": _is_meshed,
    "indivisible_model": _is_meshed,
    "ignored_loss": lambda plan: plan.parallel.sequence != 1,
    "mesh_without_fsdp2": lambda plan: plan.given("parallel.fsdp"),
    "mismatched_attention": lambda plan: plan.parallel.sequence != 1,
    "ragged_sequences": _is_meshed,
    "rebalanced_batches": lambda plan: plan.writes("train_sampling_strategy"),
    "refused_sequence_attention": lambda plan: plan.parallel.sequence != 1,
    "shard_without_fsdp": lambda plan: plan.given("parallel.shard"),
    "sharded_on_cpu": lambda plan: plan.hardware.is_cpu,
    "shards_across_nodes": lambda plan: plan.given("parallel.shard"),
    "tensor_across_nodes": lambda plan: plan.parallel.tensor != 1,
    "too_old_release": _is_meshed,
    "unbuilt_mesh": _is_meshed,
    "undivided_sequence": _is_meshed,
    "unlaunched_mesh": _is_meshed,
}


def attentions(plan: Plan) -> dict[str, str]:
    """The attention that the model is loaded with, by each place where it is named."""
    setting, kwargs = plan.spec.settings.get("model.attention"), mapping(plan.training.get("model_init_kwargs"))
    named = {
        "model.attention": setting.value if setting else None,
        "arguments.attn_implementation": plan.arguments.get("attn_implementation"),
        "training.model_init_kwargs": (kwargs or {}).get("attn_implementation"),
    }
    return {path: attention for path, value in named.items() if (attention := text(value))}
