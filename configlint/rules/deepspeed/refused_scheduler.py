"""DeepSpeed cannot build the scheduler in its config.

It passes `params` to the class that `type` names. A missing type, an unknown class, and an unknown or missing
parameter all fail when the engine is built: after the job has queued and loaded the model. WarmupCosineLR takes
ratios and no learning rate.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {scheduler: {type: WarmupDecayLR, params: {warmup_num_steps: auto}}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel:
      data: zero2
      deepspeed:
        scheduler:
          type: WarmupDecayLR
          params: {warmup_max_lr: auto, warmup_num_steps: auto, total_num_steps: auto}

Source: deepspeed 0.19.8 runtime/engine.py, _scheduler_from_config; 0.19.2, 0.19.3 and 0.19.8
runtime/lr_schedules.py; transformers 5.17 and 5.18 integrations/deepspeed.py, trainer_config_finalize; run
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Act, Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing
from configlint.rules.deepspeed import SECTION, kind, stage, warmup_steps

_COMMON = ("warmup_num_steps", "warmup_type", "last_batch_iteration")
_RATES = ("warmup_min_lr", "warmup_max_lr")
_TAKES = {
    "WarmupLR": (*_COMMON, *_RATES),
    "WarmupDecayLR": (*_COMMON, *_RATES, "total_num_steps"),
    "WarmupCosineLR": (*_COMMON, "warmup_min_ratio", "cos_min_ratio", "total_num_steps"),
}
# PyTorch's are taken by their names too.
_OTHERS = (
    "LRRangeTest",
    "OneCycle",
    "OneCycleLR",
    "LambdaLR",
    "StepLR",
    "LinearLR",
    "CosineAnnealingLR",
    "CyclicLR",
)


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    path = f"{SECTION}scheduler"
    if stage(plan) is None or not plan.spec.tree(path):
        return
    name = kind(plan, "scheduler")
    if not plan.given(f"{path}.type"):
        remedies = [*_types(plan, path), Drop(path, "the Trainer then builds the scheduler")]
        yield Finding(path, "DeepSpeed's `scheduler` requires a `type`", remedies, on_key=True)
    elif name in _TAKES:
        yield from _params(plan, path, name)
    elif name is not None:
        close = plan.nearest(name, (*_TAKES, *_OTHERS))
        # Without a near name it may be one of PyTorch's that are not listed.
        if close in _TAKES:
            message = f"DeepSpeed has no scheduler `{name}`"
            total = f"{path}.params.total_num_steps"
            is_missing = "total_num_steps" in _TAKES[close] and not plan.given(total)
            remedy = (Put(f"{path}.type", close), *([Put(total, "auto")] if is_missing else []))
            yield Finding(f"{path}.type", message, [remedy])


def _types(plan: Plan, path: str) -> list[Remedy]:
    """The first type that takes the parameters which are there, and no others."""
    given = plan.spec.tree(f"{path}.params").keys()
    for name, takes in _TAKES.items():
        needed = {"warmup_num_steps", "total_num_steps", "warmup_max_lr"} & {*takes}
        needed -= {"warmup_max_lr"} if name == "WarmupLR" else set()
        if needed <= given <= {*takes}:
            return [Put(f"{path}.type", name)]
    return []


def _params(plan: Plan, path: str, name: str) -> Iterator[Finding]:
    params = plan.spec.tree(f"{path}.params")
    for key in params:
        if key not in _TAKES[name]:
            message = f"{name} rejects the unknown parameter `{key}`"
            drop = Drop(f"{path}.params.{key}", f"{name} takes only {listing(_TAKES[name])}")
            yield Finding(f"{path}.params.{key}", message, [drop], on_key=True)
    if "total_num_steps" in _TAKES[name] and "total_num_steps" not in params:
        put = Put(f"{path}.params.total_num_steps", "auto")
        yield Finding(f"{path}.type", f"{name} requires `total_num_steps`", [put])
    elif not params:
        put = Put(f"{path}.params", {"warmup_num_steps": "auto"})
        yield Finding(f"{path}.type", f"{name} requires `params`", [put])
    # Since 5.18 the Trainer makes one step of none.
    steps = params.get("warmup_num_steps")
    if plan.release.transformers < (5, 18) and _is_without_warmup(plan, steps):
        place = f"{path}.params.warmup_num_steps"
        message = f"{name} requires 1 warmup step or more from DeepSpeed 0.19.3 on, got 0"
        yield Finding(place, message, [_warmup(plan, place, steps)], Severity.WARNING)


def _is_without_warmup(plan: Plan, steps: object) -> bool:
    return not isinstance(steps, bool) and (steps == 0 or (steps == "auto" and warmup_steps(plan) == 0))


def _warmup(plan: Plan, path: str, steps: object) -> tuple[Act, ...]:
    """One step of warmup in the arguments, and `auto` where DeepSpeed's config has a number of its own."""
    acts: list[Act] = [] if steps == "auto" else [Put(path, "auto")]
    return (*acts, *([] if warmup_steps(plan) else [Put(plan.path("warmup_steps"), 1)]))
