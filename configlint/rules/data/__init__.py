"""Data: what a stream, which has no length, means for the run."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.values import mapping


def applies(plan: Plan) -> bool:
    return plan.data.streaming is True


def stream(plan: Plan) -> str:
    """Where it is written that the data set is a stream."""
    return "data.streaming" if plan.given("data.streaming") else "arguments.dataset_streaming"


def dispatches(plan: Plan) -> bool | None:
    """Whether rank 0 reads the stream for all: None where it is left to Accelerate, which then does."""
    config = mapping(plan.training.get("accelerator_config")) or {}
    value = config.get("dispatch_batches", plan.training.get("dispatch_batches"))
    return value if isinstance(value, bool) else None
