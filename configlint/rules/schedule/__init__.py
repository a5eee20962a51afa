"""The learning rate over the run."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.plan import Plan

# The schedules whose step is taken after an evaluation.
BY_METRIC = ("reduce_lr_on_plateau", "greedy")


def applies(plan: Plan) -> bool:
    return bool(plan.training)


def _is_by_metric(plan: Plan) -> bool:
    return plan.argument("lr_scheduler_type") in BY_METRIC


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "opposite_direction": _is_by_metric,
    "without_evaluation": _is_by_metric,
    "refused_value": lambda plan: plan.writes("lr_scheduler_kwargs"),
    "warmup_below_one_step": lambda plan: plan.writes("optim"),
    "warmup_beyond_run": lambda plan: bool(plan.schedule.warmup_steps),
    "ignored_warmup": lambda plan: plan.writes("warmup_steps", "warmup_ratio"),
}
