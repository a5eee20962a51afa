"""Launching: what is started, and how."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.plan import Plan


def applies(plan: Plan) -> bool:
    return plan.given("launch")


def _asks_for_slurm(plan: Plan) -> bool:
    return plan.given("launch.slurm")


def _has_signs(plan: Plan) -> bool:
    values = (setting.value for path, setting in plan.spec.settings.items() if path.startswith("launch."))
    return any(isinstance(value, str) and ("$" in value or "~" in value) for value in values)


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "distributed_device_map": lambda plan: plan.given("arguments.device_map"),
    "hidden_devices": lambda plan: plan.given("launch.env"),
    "launcher_variable": lambda plan: plan.given("launch.env"),
    "minutes_for_hours": _asks_for_slurm,
    "one_cpu": _asks_for_slurm,
    "refused_slurm_value": _asks_for_slurm,
    "slurm_mismatch": _asks_for_slurm,
    "unexpanded_variable": _has_signs,
    "unfit_slurm_option": _asks_for_slurm,
    "unknown_slurm_option": _asks_for_slurm,
    "unmade_log_folder": _asks_for_slurm,
}
