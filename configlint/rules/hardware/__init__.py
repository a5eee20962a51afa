"""Hardware: which devices the job lands on, and how many of them train."""

from __future__ import annotations

from configlint.core.plan import Plan


def applies(plan: Plan) -> bool:
    return True
