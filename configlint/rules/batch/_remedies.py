"""What to write in the place of an argument that is derived, so that what was meant is not lost."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.plan import Plan
from configlint.core.values import mapping, positive, text, whole
from configlint.core.wording import code
from configlint.rules.fsdp import devices_of_a_node

# The sizes of Accelerate's ParallelismConfig, and of `parallel`.
_SIZES = {"tp_size": "tensor", "cp_size": "context", "sp_size": "sequence", "dp_shard_size": "shard"}


def remedy(plan: Plan, path: str, name: str, owner: str) -> str:
    """To delete it is right where its owner says something; else what was meant would be lost."""
    value = plan.spec.settings[path].value
    if name in _REMEDIES:
        return _REMEDIES[name](plan, value)
    if owner.startswith("batch.") and positive(value):
        return _moved(plan, owner, value, getattr(plan.batch, owner.removeprefix("batch.")))
    if owner == "parallel.tensor" and positive(value):
        return _moved(plan, owner, value, plan.parallel.tensor)
    if owner.startswith("training.") and value not in (None, "auto"):
        argument = owner.removeprefix("training.")
        return _moved(plan, plan.path(argument), value, plan.argument(argument))
    return f"delete it: it comes from {owner}"


def _moved(plan: Plan, owner: str, value: object, held: object) -> str:
    if value == held or plan.given(owner):
        return f"delete it: it comes from {owner}" + ("" if held in (None, value) else f", which is {code(held)}")
    section, _, key = owner.rpartition(".")
    return f"move it: `{section}: {{{key}: {code(value)}}}`"


def _stage(plan: Plan, value: object) -> str:
    number, data = _stage_of(value), plan.parallel.data or ""
    if number is None:
        return "delete it: it comes from parallel.data"
    other = "it" if data.startswith("zero") else "parallel.deepspeed" if plan.given("parallel.data") else None
    return f"write `data: zero{number}` in its place" + (f", or delete {other}" if other else "")


def _stage_of(value: object) -> int | None:
    """One of ZeRO's stages."""
    number = whole(value)
    return number if number in (0, 1, 2, 3) else None


def _fsdp(plan: Plan, value: object) -> str:
    """By the words of the first version: `full_shard offload`."""
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    words = [str(word) for word in words] if isinstance(words, list) else ["full_shard"] if words else []
    if not words or (plan.given("parallel.data") and plan.parallel.data != "fsdp"):
        return "delete it: it comes from parallel.data"
    if "no_shard" in words:
        return "write `parallel: {data: ddp}` in its place"
    shard = devices_of_a_node(plan) if any(word.startswith("hybrid_shard") for word in words) else None
    inner: dict[str, object] = {}
    if "shard_grad_op" in words or "hybrid_shard_zero2" in words:
        inner["reshard_after_forward"] = False
    if "offload" in words:
        inner["cpu_offload"] = True
    unknown = [key for key in inner if key not in plan.release.others["fsdp_config"].held()]
    here = _in_its_place(plan, shard, {key: inner[key] for key in inner if key not in unknown})
    return here + (f"; `{unknown[0]}` is there from transformers 5.10 on" if unknown else "")


def _in_its_place(plan: Plan, shard: int | None, inner: dict[str, object]) -> str:
    """What is not there yet of FSDP."""
    wanted: dict[str, object] = {"data": "fsdp"}
    if shard is not None:
        wanted["shard"] = shard
    missing = {key: value for key, value in wanted.items() if not plan.given(f"parallel.{key}")}
    inner = {key: value for key, value in inner.items() if not plan.given(f"parallel.fsdp.{key}")}
    missing |= {"fsdp": inner} if inner else {}
    return (
        f"write `parallel: {_flow(missing)}` in its place" if missing else "delete it: it comes from parallel.data"
    )


def _wrapped(key: str) -> Callable[[Plan, object], str]:
    """A setting of FSDP's that was an argument of its own."""

    def remedy(plan: Plan, value: object) -> str:
        if not value:
            return "delete it: it comes from parallel.fsdp"
        policy = {"auto_wrap_policy": "SIZE_BASED_WRAP"} if key == "min_num_params" else {}
        known = plan.release.others["fsdp_config"].held()
        return _in_its_place(plan, None, {**{name: policy[name] for name in policy if name in known}, key: value})

    return remedy


def _fsdp_config(plan: Plan, value: object) -> str:
    held, keys = plan.spec.tree("parallel.fsdp"), mapping(value)
    if keys is None and text(value):
        return "write what the file holds into parallel.fsdp"
    if not keys or all(held.get(key) == keys[key] for key in keys):
        return "delete it: it comes from parallel.fsdp"
    return "move its keys to parallel.fsdp" + ("" if plan.given("parallel.data") else ", and write `data: fsdp`")


def _deepspeed(plan: Plan, value: object) -> str:
    config = mapping(value)
    if config is None and not text(value):
        return "delete it: parallel.data and parallel.deepspeed decide on it"
    number = _stage_of((mapping((config or {}).get("zero_optimization")) or {}).get("stage"))
    stage = f"write `data: zero{number}`" if number is not None else "its stage of ZeRO into parallel.data"
    if config is None:
        return f"write what the file holds into parallel.deepspeed, and {stage}"
    return f"move its keys to parallel.deepspeed, and {stage}"


def _parallelism_config(plan: Plan, value: object) -> str:
    sizes = mapping(value) or {}
    found = {here: positive(sizes.get(name)) for name, here in _SIZES.items()}
    missing = {
        here: size for here, size in found.items() if size not in (None, 1) and not plan.given(f"parallel.{here}")
    }
    if missing:
        return f"write `parallel: {_flow(missing)}` in its place"
    return "delete it: it comes from parallel.tensor, parallel.context or parallel.sequence"


def _cpu(plan: Plan, value: object) -> str:
    accelerator = plan.hardware.accelerator
    if value is not True or (accelerator and accelerator.vendor == "cpu"):
        return "delete it: it comes from hardware.accelerator"
    return "write `accelerator: cpu` in hardware, or delete it"


def _flow(value: object) -> str:
    """A value as it stands in a line of a spec."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    return code(value)


_REMEDIES: dict[str, Callable[[Plan, object], str]] = {
    "deepspeed": _deepspeed,
    "fsdp": _fsdp,
    "fsdp_config": _fsdp_config,
    "fsdp_min_num_params": _wrapped("min_num_params"),
    "fsdp_transformer_layer_cls_to_wrap": _wrapped("transformer_layer_cls_to_wrap"),
    "no_cuda": _cpu,
    "parallelism_config": _parallelism_config,
    "use_cpu": _cpu,
    "zero_optimization": _stage,
    "zero_optimization.stage": _stage,
}
