"""Launching: what is started, and how."""

from __future__ import annotations

from configlint.core.plan import Plan


def applies(plan: Plan) -> bool:
    return plan.given("launch")


def asks_for_slurm(plan: Plan) -> bool:
    return plan.given("launch.slurm")


def has_signs(plan: Plan) -> bool:
    values = (setting.value for path, setting in plan.spec.settings.items() if path.startswith("launch."))
    return any(isinstance(value, str) and ("$" in value or "~" in value) for value in values)


def is_of_trl(plan: Plan) -> bool:
    return (plan.launch.module or "").startswith("trl.scripts.")
