"""Training arguments: their life, type and choices."""

from __future__ import annotations

from configlint.plan import Plan


def applies(plan: Plan) -> bool:
    return bool(plan.training or plan.arguments or plan.given("parallel"))
