"""What to write in place of an argument that is derived, so that what was meant is not lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Move, Put, Remedy, Say
from configlint.core.values import mapping, positive, text, whole
from configlint.core.wording import code, listing
from configlint.knowledge.naming import BATCH_ARGUMENTS, paths
from configlint.rules.fsdp import devices_of_a_node

_FACTORS = ("batch.per_device", "batch.accumulation")
_DATA, _FSDP, _DEEPSPEED = "parallel.data", "parallel.fsdp", "parallel.deepspeed"
# The sizes of Accelerate's ParallelismConfig, and of `parallel`.
_SIZES = {name: path for name, path in paths("accelerate").items() if path.startswith("parallel.")}


def remedies(plan: Plan, path: str, name: str, owners: tuple[str, ...]) -> list[Remedy]:
    """To remove it is right where its owner says something; else what was meant would be lost."""
    value = plan.spec.settings[path].value
    if name in _REMEDIES:
        return _REMEDIES[name](plan, path, value)
    owner, held = owners[0], None
    if owner.startswith("training.") and value not in (None, "auto"):
        argument = owner.removeprefix("training.")
        owner, held = plan.path(argument), plan.argument(argument)
    elif owner.startswith(("batch.", "parallel.")) and positive(value):
        section, _, key = owner.partition(".")
        held = getattr(getattr(plan, section), key, None)
    else:
        return [_owned(plan, path, *owners)]
    if plan.given(owner) and held not in (None, value):
        return [Drop(path, f"`{plan.name(owner)}` is {code(held)}")]
    if plan.given(owner) or held == value:
        return [_owned(plan, path, owner)]
    clash = _clash(plan, owner, value)
    return [Move(path, owner, why=clash, safe=not clash)]


def _clash(plan: Plan, owner: str, value: object) -> str:
    """What is wrong with the effective batch once a factor of it is moved; "" where nothing is."""
    effective, replicas = plan.batch.effective, plan.parallel.replicas
    if owner not in _FACTORS or not plan.given("batch.effective") or not effective or not replicas:
        return ""
    places = BATCH_ARGUMENTS | {path: path for path in _FACTORS}
    written = {
        factor: plan.spec.settings[path].value for path, factor in places.items() if path in plan.spec.settings
    }
    sizes = [size for each in (written | {owner: value}).values() if (size := positive(each))]
    samples = replicas * prod(sizes)
    if samples == effective or (len(sizes) < len(_FACTORS) and effective % samples == 0):
        return ""
    return f"a step then trains {samples} samples, not {effective}"


def _owned(plan: Plan, path: str, *owners: str) -> Drop:
    return Drop(path, f"{listing([f'`{plan.name(owner)}`' for owner in owners], 'or')} sets it")


def _is_other(plan: Plan, engine: str) -> bool:
    """Whether another engine was chosen."""
    return plan.given(_DATA) and not (plan.parallel.data or "").startswith(engine)


def _stage(plan: Plan, path: str, value: object) -> list[Remedy]:
    number = _stage_of(value)
    if number is None:
        return [_owned(plan, path, _DATA)]
    # Beside `data`, the stage may stay where it says the same; a number in place of its section may not.
    chosen = Put(_DATA, f"zero{number}")
    meant: Remedy = chosen if path.endswith(".stage") else (chosen, Drop(path))
    if plan.parallel.data == chosen.value:
        return [Drop(path)]
    if not plan.given(_DATA):
        return [Move(path, _DATA, chosen.value, safe=True)]
    if isinstance(meant, tuple):
        return [meant]
    return [meant, Drop(path if plan.parallel.uses_deepspeed else _DEEPSPEED)]


def _stage_of(value: object) -> int | None:
    """One of ZeRO's stages."""
    number = whole(value)
    return number if number in (0, 1, 2, 3) else None


def _fsdp(plan: Plan, path: str, value: object) -> list[Remedy]:
    """By the words of the first version: `full_shard offload`."""
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    words = [str(word) for word in words] if isinstance(words, list) else ["full_shard"] if words else []
    if not words or _is_other(plan, "fsdp"):
        return [_owned(plan, path, _DATA)]
    if "no_shard" in words:
        return [_owned(plan, path, _DATA) if plan.given(_DATA) else (Put(_DATA, "ddp"), Drop(path))]
    shard = devices_of_a_node(plan) if any(word.startswith("hybrid_shard") for word in words) else None
    inner: dict[str, object] = {}
    if "shard_grad_op" in words or "hybrid_shard_zero2" in words:
        inner["reshard_after_forward"] = False
    if "offload" in words:
        inner["cpu_offload"] = True
    return [_in_its_place(plan, path, shard, inner)]


def _in_its_place(plan: Plan, path: str, shard: int | None, inner: dict[str, object]) -> Remedy:
    """What is not there yet of FSDP."""
    wanted: dict[str, object] = {_DATA: "fsdp"} | ({"parallel.shard": shard} if shard is not None else {})
    wanted |= {f"{_FSDP}.{key}": value for key, value in inner.items()}
    missing = {place: value for place, value in wanted.items() if not plan.given(place)}
    if missing == {_DATA: "fsdp"}:
        return Move(path, _DATA, "fsdp", safe=True)
    return (*_written(plan, missing), Drop(path)) if missing else _owned(plan, path, _DATA)


def _written(plan: Plan, missing: dict[str, object]) -> tuple[Put, ...]:
    """Settings one by one; together where the section that they are in is not there yet."""
    below = {place.removeprefix(f"{_FSDP}."): value for place, value in missing.items() if place.startswith(_FSDP)}
    if len(below) > 1 and not plan.given(_FSDP):
        missing = {place: value for place, value in missing.items() if not place.startswith(_FSDP)} | {_FSDP: below}
    if len(missing) < 2 or plan.given("parallel"):
        return tuple(Put(place, value) for place, value in missing.items())
    whole: dict[str, object] = {}
    for place, value in missing.items():
        *section, key = place.removeprefix("parallel.").split(".")
        inner = whole.setdefault(section[0], {}) if section else whole
        assert isinstance(inner, dict)
        inner[key] = value
    return (Put("parallel", whole),)


def _wrapped(key: str, plan: Plan, path: str, value: object) -> list[Remedy]:
    """A setting of FSDP's that was an argument of its own."""
    if not value or _is_other(plan, "fsdp"):
        return [_owned(plan, path, _FSDP)]
    inner: dict[str, object] = {key: value}
    policy = "auto_wrap_policy"
    if key == "min_num_params" and policy in plan.release.others["fsdp_config"].held():
        inner = {policy: "SIZE_BASED_WRAP", key: value}
    return [_in_its_place(plan, path, None, inner)]


def _fsdp_config(plan: Plan, path: str, value: object) -> list[Remedy]:
    held, keys = plan.spec.tree(_FSDP), mapping(value)
    chosen = () if plan.given(_DATA) else (Put(_DATA, "fsdp"),)
    if _is_other(plan, "fsdp"):
        return [_owned(plan, path, _DATA)]
    if keys is None and text(value):
        return [Say(f"move the contents of the file to `{plan.name(_FSDP)}`", needs=(_FSDP,))]
    if not keys or all(held.get(key) == keys[key] for key in keys):
        return [_owned(plan, path, _FSDP)]
    return [_with_keys(plan, path, _FSDP, keys, chosen)]


def _deepspeed(plan: Plan, path: str, value: object) -> list[Remedy]:
    config = mapping(value)
    if (config is None and not text(value)) or _is_other(plan, "zero"):
        return [_owned(plan, path, _DATA, _DEEPSPEED)]
    number = _stage_of((mapping((config or {}).get("zero_optimization")) or {}).get("stage"))
    if config is None or number is None:
        what = "its keys" if config is not None else "the contents of the file"
        words = f"move {what} to `{plan.name(_DEEPSPEED)}` and its ZeRO stage to `{plan.name(_DATA)}`"
        return [Say(words, needs=(_DEEPSPEED, _DATA))]
    chosen = () if plan.parallel.data == f"zero{number}" else (Put(_DATA, f"zero{number}"),)
    return [_with_keys(plan, path, _DEEPSPEED, config, chosen)]


def _with_keys(plan: Plan, path: str, section: str, keys: dict[str, object], chosen: tuple[Put, ...]) -> Remedy:
    """To move a mapping to a section, or what is missing there."""
    if not plan.given(section):
        # A stage that moves along chooses the engine as well, and a fix of its own moves it on.
        is_alone = not plan.given(_DATA) and not plan.writes("fsdp", "fsdp_config")
        follows = section == _DEEPSPEED and is_alone
        return (*chosen, Move(path, section, safe=follows)) if chosen else Move(path, section, safe=True)
    missing = (Put(f"{section}.{key}", value) for key, value in keys.items() if not plan.given(f"{section}.{key}"))
    return (*chosen, *missing, Drop(path))


def _parallelism_config(plan: Plan, path: str, value: object) -> list[Remedy]:
    sizes = {_SIZES[name]: positive(size) for name, size in (mapping(value) or {}).items() if name in _SIZES}
    missing: dict[str, object] = {
        place: size for place, size in sizes.items() if size not in (None, 1) and not plan.given(place)
    }
    if missing:
        return [(*_written(plan, missing), Drop(path))]
    return [_owned(plan, path, "parallel.tensor", "parallel.context", "parallel.sequence")]


def _cpu(plan: Plan, path: str, value: object) -> list[Remedy]:
    accelerator = "hardware.accelerator"
    if value is True and not plan.given(accelerator):
        return [Move(path, accelerator, "cpu", safe=True)]
    if value is True and plan.hardware.accelerator_name:
        return [Drop(path, f"`{plan.name(accelerator)}` is {plan.hardware.accelerator_name}")]
    return [_owned(plan, path, accelerator)]


_REMEDIES: dict[str, Callable[[Plan, str, object], list[Remedy]]] = {
    "deepspeed": _deepspeed,
    "fsdp": _fsdp,
    "fsdp_config": _fsdp_config,
    "fsdp_min_num_params": partial(_wrapped, "min_num_params"),
    "fsdp_transformer_layer_cls_to_wrap": partial(_wrapped, "transformer_layer_cls_to_wrap"),
    "no_cuda": _cpu,
    "parallelism_config": _parallelism_config,
    "use_cpu": _cpu,
    "zero_optimization": _stage,
    "zero_optimization.stage": _stage,
}
