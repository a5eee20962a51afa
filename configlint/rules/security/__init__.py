"""Secrets in a spec."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.secrets import paths


def applies(plan: Plan) -> bool:
    return bool(paths(plan.spec))
