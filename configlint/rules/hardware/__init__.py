"""Hardware: which devices the job lands on, and how many of them train."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.plan import Plan


def applies(plan: Plan) -> bool:
    return True


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "missing": lambda plan: not (plan.given("hardware.accelerator") and plan.given("hardware.devices_per_node")),
    "none_left": lambda plan: plan.parallel.world is None,
    "reserved_on_each_node": lambda plan: bool(plan.hardware.reserved),
    "too_many_devices": lambda plan: plan.parallel.world is None,
    "uneven_nodes": lambda plan: bool(plan.hardware.reserved),
    "unknown_accelerator": lambda plan: plan.hardware.accelerator is None,
}
