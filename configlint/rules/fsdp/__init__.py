"""FSDP: which of its settings the Trainer passes on, and what the engine does with them."""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.fsdp import FSDP2
from configlint.core.plan import Plan
from configlint.core.remedy import Act, Drop, Move, Put
from configlint.core.spec import Setting
from configlint.rules.parallel import launched


def applies(plan: Plan) -> bool:
    return plan.parallel.data == "fsdp" or plan.given("parallel.fsdp")


def is_configured(plan: Plan) -> bool:
    return plan.parallel.data == "fsdp" and plan.given("parallel.fsdp")


# The ways to wrap a model.
POLICIES = ("TRANSFORMER_BASED_WRAP", "SIZE_BASED_WRAP", "NO_WRAP")
# The first version's ways to shard, by their numbers there.
STRATEGIES = {
    "1": "full_shard",
    "2": "shard_grad_op",
    "3": "no_shard",
    "4": "hybrid_shard",
    "5": "hybrid_shard_zero2",
}


def settings(plan: Plan) -> Iterator[tuple[str, str, Setting]]:
    """What is written in its section: the path, the key as the Trainer reads it, which is without `fsdp_` in front,
    and the setting."""
    for path, setting in plan.spec.settings.items():
        if path.startswith("parallel.fsdp.") and path.count(".") == 2:
            yield path, path.removeprefix("parallel.fsdp.").removeprefix("fsdp_"), setting


def read(plan: Plan) -> dict[str, tuple[str, Setting]]:
    """What the release reads of its section, by its key today: the path and the setting. Since 4.52 it takes off
    `fsdp_` in front; until 4.31 a few keys have that as part of their name."""
    known, strips = plan.release.others["fsdp_config"].held(), plan.release.transformers >= (4, 52)
    return {
        key: (path, setting)
        for path, key, setting in settings(plan)
        if setting.keys[-1] in known or (strips and key in known)
    }


def value(plan: Plan, key: str) -> object:
    """A value of its section, under either name; None where it is not written."""
    setting = plan.spec.settings.get(place(plan, key))
    return setting.value if setting else None


def version(plan: Plan) -> int | None:
    """1 or 2; None where it is neither, or not to be known: before 5.10 the keys were handed on in another way."""
    if plan.release.transformers < (5, 10):
        return None
    written = value(plan, "version")
    return {"None": 2, "1": 1, "2": 2}.get(str(written)) if written is not True else None


def is_first(plan: Plan) -> bool:
    """Whether version 1 was chosen, in the releases that have both."""
    return plan.release.transformers >= FSDP2 and str(value(plan, "version")) == "1"


def place(plan: Plan, key: str) -> str:
    """Where a value of its section stands, under either name, or would stand."""
    paths = (f"parallel.fsdp.{key}", f"parallel.fsdp.fsdp_{key}")
    return next((path for path in paths if path in plan.spec.settings), paths[0])


def in_place_of(plan: Plan, path: str) -> tuple[Act, ...]:
    """What to do about the value at `path`, one of the first version's ways to shard; nothing where it is none of
    them, or where it is not known how many devices a node has."""
    strategy = plan.spec.settings[path].value
    word = STRATEGIES.get(str(strategy), str(strategy).lower())
    devices, drop, keep = devices_of_a_node(plan), Drop(path), _unresharded(plan, path)
    shard: tuple[Act, ...] = ()
    if devices:
        launch = launched(plan) if plan.hardware.nodes != 1 else ()  # for one copy, none is needed
        shard = (*launch, Put("parallel.shard", devices, "each node holds one copy of the model"))
    return {
        "full_shard": (Drop(path, "FSDP2 shards fully by default"),),
        "shard_grad_op": (keep,),
        "no_shard": (drop, Put("parallel.data", "ddp")),
        "hybrid_shard": (drop, *shard) if shard else (),
        "hybrid_shard_zero2": (keep, *shard) if shard else (),
    }.get(word, ())


def _unresharded(plan: Plan, path: str) -> Act:
    """That parameters stay gathered after the forward pass, in the place of what is at `path`."""
    to = place(plan, "reshard_after_forward")
    if path == to:
        return Put(path, False)
    return Drop(path) if plan.given(to) else Move(path, to, False)


def devices_of_a_node(plan: Plan) -> int | None:
    """Those that train."""
    world, nodes = plan.parallel.world, plan.hardware.nodes
    return world // nodes or None if world and nodes else None
