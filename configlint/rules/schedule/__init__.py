"""The learning rate over the run."""

from __future__ import annotations

from configlint.core.plan import Plan

# The schedules whose step is taken after an evaluation.
BY_METRIC = ("reduce_lr_on_plateau", "greedy")


def applies(plan: Plan) -> bool:
    return bool(plan.training)


def is_by_metric(plan: Plan) -> bool:
    return plan.argument("lr_scheduler_type") in BY_METRIC
