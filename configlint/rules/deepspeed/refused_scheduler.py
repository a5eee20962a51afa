"""DeepSpeed cannot make the schedule that its config has.

It hands `params` to the class that `type` names: no type, a name that there is not, one too many or one that is
missing fails when the engine is built, after the queue and the loading of the model. WarmupCosineLR reckons in
ratios, and takes no rate.

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

Source: deepspeed 0.19.8 runtime/engine.py, _scheduler_from_config; runtime/lr_schedules.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule
from configlint.rules.deepspeed import SECTION, kind, stage
from configlint.wording import listing, nearest

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
    name, path = kind(plan, "scheduler"), f"{SECTION}scheduler"
    if stage(plan) is None or not plan.spec.tree(path):
        return
    if not plan.given(f"{path}.type"):
        help = "write `type: WarmupDecayLR` in it, or delete it"
        yield Finding(path, "the scheduler has no type", help, on_key=True)
        return
    if name is None:
        return
    if name not in _TAKES:
        close = nearest(name, (*_TAKES, *_OTHERS))
        # Without a near name it may be one of PyTorch's that are not listed.
        if close in _TAKES and name != close:
            yield Finding(f"{path}.type", f"there is no scheduler {name} in DeepSpeed", f"did you mean `{close}`?")
        return
    params = plan.spec.tree(f"{path}.params")
    for key in params:
        if key not in _TAKES[name]:
            known = f"it takes {listing(_TAKES[name])}"
            yield Finding(
                f"{path}.params.{key}", f"`{key}` is no parameter of {name}, which fails on it", known, on_key=True
            )
    if "total_num_steps" in _TAKES[name] and "total_num_steps" not in params:
        message = f"total_num_steps is missing, without which there is no {name}"
        yield Finding(f"{path}.type", message, "write `total_num_steps: auto` in its params")
    elif not params:
        yield Finding(
            f"{path}.type", f"there are no params for {name}", "write `params: {warmup_num_steps: auto}` beside it"
        )
