"""FSDP: what of its settings the Trainer hands on, and what the engine makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from configlint.core.plan import Plan
from configlint.core.spec import Setting


def applies(plan: Plan) -> bool:
    return plan.parallel.data == "fsdp" or plan.given("parallel.fsdp")


def _is_configured(plan: Plan) -> bool:
    return plan.parallel.data == "fsdp" and plan.given("parallel.fsdp")


# The ways to wrap a model.
POLICIES = ("TRANSFORMER_BASED_WRAP", "SIZE_BASED_WRAP", "NO_WRAP")
# The first version's ways to shard, by their numbers there.
_STRATEGIES = {
    "1": "full_shard",
    "2": "shard_grad_op",
    "3": "no_shard",
    "4": "hybrid_shard",
    "5": "hybrid_shard_zero2",
}

# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "double_checkpointing": lambda plan: plan.parallel.data == "fsdp",
    "no_effect": _is_configured,
    "old_version": _is_configured,
    "refused_value": _is_configured,
    "unknown_key": lambda plan: plan.given("parallel.fsdp"),
    "unchosen": lambda plan: not plan.given("parallel.data"),
    "unshardable_optimizer": lambda plan: plan.parallel.data == "fsdp" and plan.writes("optim"),
}


def settings(plan: Plan) -> Iterator[tuple[str, str, Setting]]:
    """What is written in its section: the path, the key as the Trainer reads it, which is without `fsdp_` in front,
    and the setting."""
    for path, setting in plan.spec.settings.items():
        if path.startswith("parallel.fsdp.") and path.count(".") == 2:
            yield path, path.removeprefix("parallel.fsdp.").removeprefix("fsdp_"), setting


def value(plan: Plan, key: str) -> object:
    """A value of its section, under either name; None where it is not written."""
    paths = (f"parallel.fsdp.{key}", f"parallel.fsdp.fsdp_{key}")
    return next((plan.spec.settings[path].value for path in paths if path in plan.spec.settings), None)


def version(plan: Plan) -> int | None:
    """1 or 2; None where it is neither, or not to be known: before 5.10 the keys were handed on in another way."""
    if plan.release.transformers < (5, 10):
        return None
    written = value(plan, "version")
    return {"None": 2, "1": 1, "2": 2}.get(str(written)) if written is not True else None


def in_place_of(plan: Plan, strategy: object) -> str | None:
    """What to write in the place of one of the first version's ways to shard; None where it is none of them."""
    word = _STRATEGIES.get(str(strategy), str(strategy).lower())
    copies = f"`parallel: {{shard: {devices_of_a_node(plan) or '...'}}}`, for a copy on each node"
    return {
        "full_shard": "delete it: that is the default",
        "shard_grad_op": "write `reshard_after_forward: false`",
        "no_shard": "delete it, and write `parallel: {data: ddp}`",
        "hybrid_shard": f"delete it, and write {copies}",
        "hybrid_shard_zero2": f"write `reshard_after_forward: false`, and {copies}",
    }.get(word)


def devices_of_a_node(plan: Plan) -> int | None:
    """Those that train."""
    return (plan.parallel.world or 0) // (plan.hardware.nodes or 1) or None
