"""Data: what a stream, which has no length, means for the run."""

from __future__ import annotations

from math import ceil

from configlint.core.plan import Plan
from configlint.core.values import mapping
from configlint.rules.batch import is_unreachable


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


def batches_of_pass(plan: Plan) -> int | None:
    """The micro-batches that a rank trains of the stream until it ends, where its length is known."""
    examples, per_device, replicas = plan.data.train_examples, plan.batch.per_device, plan.parallel.replicas
    if not examples or not per_device or not replicas or not plan.data.streaming or is_unreachable(plan):
        return None
    if plan.generation:
        return plan.generation.batches(examples)
    if "num_generations" in plan.release.arguments:
        return None  # examples are prompts, and what is made of them is not known
    return ceil(examples / (per_device * replicas))
