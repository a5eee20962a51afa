"""The learning rate over the run."""

from __future__ import annotations

from configlint.plan import Plan


def applies(plan: Plan) -> bool:
    return bool(plan.training)
