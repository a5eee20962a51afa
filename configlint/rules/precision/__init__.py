"""Precision: what the accelerator can compute in."""

from __future__ import annotations

from configlint.plan import Plan
from configlint.profile import Accelerator

_KEYS = {"bf16", "fp16", "bf16_full_eval", "fp16_full_eval", "tf32"}


def applies(plan: Plan) -> bool:
    return plan.precision.bf16 is True or not _KEYS.isdisjoint(plan.training)


def lacks(accelerator: Accelerator, dtype: str) -> bool:
    """Whether an accelerator is known to be without bfloat16 or tf32, which came with Ampere."""
    if accelerator.compute_capability is not None:
        return accelerator.compute_capability < (8, 0)
    return bool(accelerator.dtypes) and dtype not in accelerator.dtypes


def described(accelerator: Accelerator) -> str:
    """`t4 (compute capability 7.5)`."""
    if accelerator.compute_capability is None:
        return accelerator.name
    major, minor = accelerator.compute_capability
    return f"{accelerator.name} (compute capability {major}.{minor})"
