"""What the Trainer uses in the end, where several arguments or sections decide."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.values import flag


def optimizer(plan: Plan) -> str | None:
    """The optimizer that the Trainer creates; None where the release has none of that name, or where DeepSpeed's
    config names its own."""
    if plan.parallel.uses_deepspeed and plan.given("parallel.deepspeed.optimizer"):
        return None
    known, name = plan.release.arguments.get("optim"), plan.argument("optim")
    if name is None and not plan.given(plan.path("optim")):
        return "adamw_torch"  # or its fused form, by the age of torch: they take the same
    return name if isinstance(name, str) and known and name in known.choices else None


def is_layerwise(plan: Plan) -> bool:
    return (optimizer(plan) or "").endswith("_layerwise")


def activation_checkpointing(plan: Plan) -> bool | None:
    """Whether the Trainer turns it on; unset, it is off."""
    value = plan.argument("activation_checkpointing")
    return flag(False if value is None else value)


def is_flattened(plan: Plan, name: str) -> bool:
    """Whether DeepSpeed would pass flat buffers to an optimizer that projects gradient matrices."""
    return name.startswith("galore_") and plan.parallel.data in ("zero1", "zero2", "zero3")


def is_fsdp(plan: Plan) -> bool:
    """Whether Accelerate wraps the model: not where loading already shards it, and never on CPU."""
    return plan.parallel.data == "fsdp" and plan.parallel.tensor == 1 and not plan.hardware.is_cpu
