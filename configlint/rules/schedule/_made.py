"""The schedule that the Trainer makes, and of what."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.values import mapping
from configlint.rules.schedule import BY_METRIC

# get_scheduler makes them without a number of warmup steps.
WITHOUT_WARMUP = ("constant", *BY_METRIC)


def scheduler(plan: Plan) -> str | None:
    """Its name; None where there is none of that name in the release, or where DeepSpeed has one of its own."""
    if plan.parallel.uses_deepspeed and plan.given("parallel.deepspeed.scheduler"):
        return None
    known, name = plan.release.arguments.get("lr_scheduler_type"), plan.argument("lr_scheduler_type")
    return name if isinstance(name, str) and known and name in known.choices else None


def has_own_warmup(plan: Plan) -> bool:
    """Whether the optimizer warms up by itself, by what warmup_steps is: it is meant to run under constant."""
    from configlint.knowledge.optimizers import find_optimizer  # few specs write a warmup and no schedule for it

    named = find_optimizer(plan.argument("optim"))
    return named is not None and "warmup_steps" in named.reads


def scheduler_kwargs(plan: Plan) -> dict[str, object]:
    return mapping(plan.argument("lr_scheduler_kwargs")) or {}


def with_kwargs(path: str, kwargs: dict[str, object], why: str = "") -> list[Put]:
    """To write other keys for the schedule; nothing where they hold a number that a JSON file cannot."""
    import json  # only where something is wrong

    try:
        json.dumps(kwargs, allow_nan=False)
    except ValueError:
        return []
    return [Put(path, kwargs, why)]
