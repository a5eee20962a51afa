"""Parallelism: how the devices share the work."""

from __future__ import annotations

from configlint.plan import Plan


def applies(plan: Plan) -> bool:
    return plan.given("parallel")
