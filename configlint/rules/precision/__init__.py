"""Precision: what the accelerator can compute in."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.plan import Plan
from configlint.core.profile import Accelerator

_KEYS = {"bf16", "fp16", "bf16_full_eval", "fp16_full_eval", "tf32"}


def applies(plan: Plan) -> bool:
    return plan.precision.bf16 is True or not _KEYS.isdisjoint(plan.training)


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "unsupported_fp16": lambda plan: plan.precision.fp16 is True,
    "unsupported_tf32": lambda plan: plan.precision.tf32 is True,
}


def described(accelerator: Accelerator) -> str:
    """`t4 (compute capability 7.5)`."""
    if accelerator.compute_capability is None:
        return accelerator.name
    major, minor = accelerator.compute_capability
    return f"{accelerator.name} (compute capability {major}.{minor})"
