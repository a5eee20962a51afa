"""The trainer: the class that the script builds."""

from __future__ import annotations

from configlint.core.plan import Plan


def applies(plan: Plan) -> bool:
    return plan.given("trainer")


def is_foreign(plan: Plan) -> bool:
    return plan.release.config_class is None
