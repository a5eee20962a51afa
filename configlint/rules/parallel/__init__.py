"""Parallelism: how the devices share the work."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.remedy import Act, Drop, Put, Remedy, Say
from configlint.core.values import mapping, text
from configlint.core.writing import written


def applies(plan: Plan) -> bool:
    return plan.given("parallel")


def is_meshed(plan: Plan) -> bool:
    """Whether devices share more than the samples."""
    parallel = plan.parallel
    return plan.given("parallel.shard") or (parallel.tensor, parallel.context, parallel.sequence) != (1, 1, 1)


def launched(plan: Plan) -> tuple[Put, ...]:
    """What a mesh takes beside its sizes: only launch.sh tells Accelerate of them."""
    return () if plan.given("launch") or not plan.can_say("launch") else (Put("launch", {"script": "train.py"}),)


def degree(plan: Plan, kind: str) -> str:
    """`` `parallel.context` 2 ``: a degree as the user calls it, with its size."""
    return f"`{plan.name(f'parallel.{kind}')}` {getattr(plan.parallel, kind)}"


def beside(plan: Plan, *kinds: str) -> tuple[tuple[str, str], ...]:
    """The places of some degrees that were written, to stand beside a finding."""
    paths = {f"parallel.{kind}": getattr(plan.parallel, kind) for kind in kinds}
    return tuple((path, f"`{plan.name(path)}` is {size}") for path, size in paths.items() if plan.given(path))


def instead(plan: Plan, at: str, **sizes: object) -> Say | tuple[Act, ...]:
    """What to write in place of some degrees, None for none: for a target, there, where what others share is right
    for those. `at` is the degree that the finding stands at."""
    setting, target = plan.spec.settings.get(f"parallel.{at}"), plan.spec.target
    if setting and target is not None and plan.spec.is_shared(setting):
        return Say(f"write `parallel: {written(sizes)}` in target {target}", needs=("parallel",))
    paths = {f"parallel.{kind}": size for kind, size in sizes.items()}
    return tuple(Drop(path) if size is None else Put(path, size) for path, size in paths.items())


def attentions(plan: Plan) -> dict[str, str]:
    """The attention that the model is loaded with, by each place where it is named."""
    setting, kwargs = plan.spec.settings.get("model.attention"), mapping(plan.training.get("model_init_kwargs"))
    named = {
        "model.attention": setting.value if setting else None,
        "arguments.attn_implementation": plan.arguments.get("attn_implementation"),
        "training.model_init_kwargs": (kwargs or {}).get("attn_implementation"),
    }
    return {path: attention for path, value in named.items() if (attention := text(value))}


def loaded_with(plan: Plan, path: str, attention: str) -> Remedy:
    """To load the model with another attention, at a place of `attentions`."""
    if path == "training.model_init_kwargs":
        return Put(path, {**(mapping(plan.training["model_init_kwargs"]) or {}), "attn_implementation": attention})
    return Put(path, attention)


def is_shareable(attention: str) -> bool:
    """Whether DeepSpeed can split the heads of an attention. A kernel of the hub is known by its name.

    Source: accelerate 1.15 utils/dataclasses.py, DeepSpeedSequenceParallelConfig.__post_init__
    """
    known = ("sdpa", "flash_attention_2", "flash_attention_3")
    return attention in known or ("/" in attention and "flash-attn" in attention)
