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

Source: deepspeed 0.19.8 runtime/engine.py, _scheduler_from_config; 0.19.2, 0.19.3 and 0.19.8
runtime/lr_schedules.py; transformers 5.17 and 5.18 integrations/deepspeed.py, trainer_config_finalize; run
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
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
        help = "write `type: WarmupDecayLR` in it, or delete it"
        yield Finding(path, "the scheduler has no type", help, on_key=True)
    elif name in _TAKES:
        yield from _params(plan, path, name)
    elif name is not None:
        close = plan.nearest(name, (*_TAKES, *_OTHERS))
        # Without a near name it may be one of PyTorch's that are not listed.
        if close in _TAKES:
            message = f"there is no scheduler {name} in DeepSpeed"
            yield Finding(f"{path}.type", message, f"did you mean `{close}`?")


def _params(plan: Plan, path: str, name: str) -> Iterator[Finding]:
    params = plan.spec.tree(f"{path}.params")
    for key in params:
        if key not in _TAKES[name]:
            message = f"`{key}` is no parameter of {name}, which fails on it"
            yield Finding(f"{path}.params.{key}", message, f"it takes {listing(_TAKES[name])}", on_key=True)
    if "total_num_steps" in _TAKES[name] and "total_num_steps" not in params:
        message = f"total_num_steps is missing, without which there is no {name}"
        yield Finding(f"{path}.type", message, "write `total_num_steps: auto` in its params")
    elif not params:
        message = f"there are no params for {name}"
        yield Finding(f"{path}.type", message, "write `params: {warmup_num_steps: auto}` beside it")
    # Since 5.18 the Trainer makes one step of none.
    if plan.release.transformers < (5, 18) and _is_without_warmup(plan, params.get("warmup_num_steps")):
        message = f"{name} without a warmup is refused by DeepSpeed since 0.19.3"
        yield Finding(
            f"{path}.params.warmup_num_steps", message, "write warmup_steps in training", Severity.WARNING
        )


def _is_without_warmup(plan: Plan, steps: object) -> bool:
    return not isinstance(steps, bool) and (steps == 0 or (steps == "auto" and warmup_steps(plan) == 0))
