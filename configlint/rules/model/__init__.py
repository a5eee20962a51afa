"""The model: what the script loads."""

from __future__ import annotations

from configlint.core.plan import Plan


def applies(plan: Plan) -> bool:
    return (
        plan.given("model")
        or plan.given("tuning")
        or "attn_implementation" in plan.arguments
        or plan.writes("model_init_kwargs")
    )
