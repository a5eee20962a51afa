"""Precision: the data types that the accelerator supports."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.profile import Accelerator
from configlint.core.remedy import Drop, Move, Remedy, Say
from configlint.core.writing import written

HALF = {"fp16", "fp16_full_eval"}
# As the spec says it, and the scripts of TRL.
_DTYPES = ("model.dtype", "arguments.dtype", "arguments.torch_dtype")
_KEYS = {*HALF, "bf16", "bf16_full_eval", "tf32"}


def applies(plan: Plan) -> bool:
    return (
        plan.precision.bf16 is True or not _KEYS.isdisjoint(plan.training) or plan.precision.weights == "bfloat16"
    )


def described(accelerator: Accelerator) -> str:
    """`t4 (compute capability 7.5)`."""
    if accelerator.compute_capability is None:
        return accelerator.name
    major, minor = accelerator.compute_capability
    return f"{accelerator.name} (compute capability {major}.{minor})"


def dtype_path(plan: Plan) -> str | None:
    """Where the dtype of the weights is written; None where nobody says it."""
    return next((path for path in _DTYPES if plan.given(path)), None)


def trains_weights(plan: Plan) -> bool:
    """Whether the weights themselves are trained, not adapters beside them."""
    method = plan.spec.settings.get("tuning.method")
    return method is None or method.value == "full"


def without(plan: Plan, path: str, why: str = "") -> Remedy:
    """To leave a precision out; for a target only, where what others share is right for those."""
    return _in_target(plan, path, {path: False}, why) or Drop(path, why)


def replaced(plan: Plan, path: str, other: str) -> Remedy:
    """One precision in place of another, unless it is on already."""
    if plan.training.get(other.rpartition(".")[2]) is True:
        return without(plan, path)
    return _in_target(plan, path, {path: False, other: True}) or Move(path, other)


def _in_target(plan: Plan, path: str, values: dict[str, bool], why: str = "") -> Say | None:
    setting, target = plan.spec.settings.get(path), plan.spec.target
    if setting is None or target is None or not plan.spec.is_shared(setting):
        return None
    entries = {plan.name(each): value for each, value in values.items()}
    text = f"write `training: {written(entries)}` in target {target}"
    return Say(f"{text}: {why}" if why else text)
