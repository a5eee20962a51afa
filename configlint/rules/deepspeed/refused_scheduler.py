"""DeepSpeed cannot build the scheduler in its config.

It passes `params` to the class that `type` names. A missing type, an unknown class, an unknown or missing parameter
and a value that is out of range all fail when the engine is built: after the job has queued and loaded the model.
WarmupCosineLR takes ratios and no learning rate.

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
from configlint.knowledge._generated.deepspeed import SCHEDULERS
from configlint.rules.deepspeed import SECTION, kind, sets, stage, warmup_steps
from configlint.rules.deepspeed._values import Facts, remedies, said, unknown_parameter, wanted

# PyTorch's are taken by their names too.
_OTHERS = ("OneCycleLR", "LambdaLR", "StepLR", "LinearLR", "CosineAnnealingLR", "CyclicLR")
# Those that the Trainer can fill in, the most likely first.
_FILLED = ("WarmupLR", "WarmupDecayLR", "WarmupCosineLR")


@rule(Severity.ERROR, when=lambda plan: sets(plan, "scheduler"))
def check(plan: Plan) -> Iterator[Finding]:
    path = f"{SECTION}scheduler"
    if stage(plan) is None or not plan.spec.tree(path):
        return
    name = kind(plan, "scheduler")
    if not plan.given(f"{path}.type"):
        remedies = [*_types(plan, path), Drop(path, "the Trainer then builds the scheduler")]
        yield Finding(path, "DeepSpeed's `scheduler` requires a `type`", remedies, on_key=True)
    elif name in SCHEDULERS:
        yield from _params(plan, f"{path}.params", name)
    elif name is not None:
        close = plan.nearest(name, (*SCHEDULERS, *_OTHERS))
        # Without a near name it may be one of PyTorch's that are not listed.
        if close in SCHEDULERS and name not in _OTHERS:
            message = f"DeepSpeed has no scheduler `{name}`"
            remedy = (Put(f"{path}.type", close), *_filled(plan, f"{path}.params", close))
            yield Finding(f"{path}.type", message, [remedy])


def _filled(plan: Plan, path: str, name: str) -> list[Put]:
    """What a scheduler requires and the Trainer can fill in, where it is missing."""
    if "total_num_steps" in SCHEDULERS[name]:
        total = f"{path}.total_num_steps"
        return [] if plan.given(total) else [Put(total, "auto")]
    params: dict[str, object] = {"warmup_num_steps": "auto"} if "warmup_num_steps" in SCHEDULERS[name] else {}
    return [] if plan.given(path) else [Put(path, params)]


def _types(plan: Plan, path: str) -> list[Remedy]:
    """The first type that takes the parameters which are there, and no others."""
    given = plan.spec.tree(f"{path}.params").keys()
    for name in _FILLED:
        takes = SCHEDULERS[name].keys()
        needed = {"warmup_num_steps", "total_num_steps", "warmup_max_lr"} & {*takes}
        needed -= {"warmup_max_lr"} if name == "WarmupLR" else set()
        if needed <= given <= {*takes}:
            return [Put(f"{path}.type", name)]
    return []


def _params(plan: Plan, path: str, name: str) -> Iterator[Finding]:
    params, takes = plan.spec.tree(path), SCHEDULERS[name]
    for key, value in params.items():
        if key in takes:
            yield from _value(f"{path}.{key}", key, value, takes[key])
        else:
            yield unknown_parameter(plan, f"{path}.{key}", name, takes)
    missing = [key for key, facts in takes.items() if facts.get("required") and key not in params]
    if missing:
        needed = listing([f"`{key}`" for key in missing])
        # What the Trainer does not fill in nobody knows but the user.
        put = [Put(f"{path}.{key}", "auto") for key in missing if key == "total_num_steps"]
        yield Finding(f"{SECTION}scheduler.type", f"{name} requires {needed}", put)
    elif not plan.given(path):
        yield Finding(f"{SECTION}scheduler.type", f"{name} requires `params`", _filled(plan, path, name))
    # Since 5.18 the Trainer makes one step of none.
    steps = params.get("warmup_num_steps")
    if plan.release.transformers < (5, 18) and _is_without_warmup(plan, steps):
        place = f"{path}.warmup_num_steps"
        message = f"{name} requires 1 warmup step or more from DeepSpeed 0.19.3 on, got 0"
        yield Finding(place, message, [_warmup(plan, place, steps)], Severity.WARNING)


def _value(path: str, key: str, value: object, facts: Facts) -> Iterator[Finding]:
    """A value of a parameter that is known. What is compared with the Trainer's arguments is another rule's."""
    must = wanted(facts, value) if value != "auto" else None
    if must and "otherwise" in facts and not isinstance(value, list | dict):
        message = f"`{key}` must be {must}, got {said(facts, value)}; DeepSpeed uses {facts['otherwise']}"
        yield Finding(path, message, remedies(path, facts, value), Severity.WARNING)
    elif must:
        message = f"`{key}` must be {must}, got {said(facts, value)}; DeepSpeed rejects it"
        yield Finding(path, message, remedies(path, facts, value))


def _is_without_warmup(plan: Plan, steps: object) -> bool:
    return not isinstance(steps, bool) and (steps == 0 or (steps == "auto" and warmup_steps(plan) == 0))


def _warmup(plan: Plan, path: str, steps: object) -> tuple[Act, ...]:
    """One step of warmup in the arguments, and `auto` where DeepSpeed's config has a number of its own."""
    acts: list[Act] = [] if steps == "auto" else [Put(path, "auto")]
    return (*acts, *([] if warmup_steps(plan) else [Put(plan.path("warmup_steps"), 1)]))
