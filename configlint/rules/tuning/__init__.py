"""Tuning: all weights, or adapters."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.knowledge.facts import BITS, OF_ADAPTERS


def applies(plan: Plan) -> bool:
    return plan.given(BITS) or any(map(plan.given, OF_ADAPTERS))
