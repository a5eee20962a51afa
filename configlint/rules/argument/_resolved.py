"""What the Trainer uses in the end, where several arguments or sections decide."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.typing import TYPE_CHECKING
from configlint.core.values import flag

if TYPE_CHECKING:
    from configlint.knowledge.optimizers import Optimizer


def optimizer(plan: Plan) -> Optimizer | None:
    """The optimizer that the Trainer creates; None where the release has none of that name, where nothing is known
    of it, or where DeepSpeed's config names its own."""
    from configlint.knowledge.optimizers import find_optimizer  # few specs write what depends on it

    if plan.parallel.uses_deepspeed and plan.given("parallel.deepspeed.optimizer"):
        return None
    known, name = plan.release.arguments.get("optim"), plan.argument("optim")
    if name is None and not plan.given(plan.path("optim")):
        return find_optimizer("adamw_torch")  # or its fused form, by the age of torch: they take the same
    return find_optimizer(name) if known and name in known.choices else None


def activation_checkpointing(plan: Plan) -> bool | None:
    """Whether the Trainer turns it on; unset, it is off."""
    value = plan.argument("activation_checkpointing")
    return flag(False if value is None else value)


def is_flattened(plan: Plan, made: Optimizer | None) -> bool:
    """Whether DeepSpeed would pass flat buffers to an optimizer that projects gradient matrices."""
    return made is not None and made.needs_matrices and plan.parallel.data in ("zero1", "zero2", "zero3")


def is_fsdp(plan: Plan) -> bool:
    """Whether Accelerate wraps the model: not where loading already shards it, and never on CPU."""
    return plan.parallel.data == "fsdp" and plan.parallel.tensor == 1 and not plan.hardware.is_cpu
