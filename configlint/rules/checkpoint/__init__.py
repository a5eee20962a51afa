"""Checkpoints: what is saved when, and which of them is kept."""

from __future__ import annotations

from configlint.plan import Plan
from configlint.wording import code


def applies(plan: Plan) -> bool:
    return any(name.startswith(("save_", "load_best_")) for name in plan.training)


def described(plan: Plan, path: str, value: object) -> str:
    """`save_steps 500`, and whence where nobody wrote it: `save_steps 500 (the Trainer's default)`."""
    origin = plan.origins.get(path)
    whence = f" ({origin.why})" if origin and origin.why else ""
    return f"{path.rpartition('.')[2]} {code(value)}{whence}"
