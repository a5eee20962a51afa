"""Secrets in a spec."""

from __future__ import annotations

from configlint.plan import Plan
from configlint.secrets import paths


def applies(plan: Plan) -> bool:
    return bool(paths(plan.spec))
