"""DeepSpeed's config has a scheduler and lr_scheduler_type names another.

The Trainer builds no scheduler if DeepSpeed's config has one: it silently ignores lr_scheduler_type, and
lr_scheduler_kwargs with it. WarmupLR stays at the peak after the warmup, WarmupDecayLR decays linearly,
WarmupCosineLR along a cosine.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {scheduler: {type: WarmupLR, params: {warmup_num_steps: auto}}}}
    training: {lr_scheduler_type: cosine}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2}
    training: {lr_scheduler_type: cosine}

Source: transformers 5.23 integrations/deepspeed.py, deepspeed_optim_sched; deepspeed 0.19.8
runtime/lr_schedules.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.rules.deepspeed import SECTION, kind, sets, stage

_SAME = {
    "WarmupLR": ("constant_with_warmup", "constant"),
    "WarmupDecayLR": ("linear",),
    "WarmupCosineLR": ("cosine", "cosine_with_min_lr"),
}


@rule(Severity.ERROR, when=lambda plan: sets(plan, "scheduler"))
def check(plan: Plan) -> Iterator[Finding]:
    path, block = plan.path("lr_scheduler_type"), plan.spec.settings.get(f"{SECTION}scheduler")
    own, setting = kind(plan, "scheduler"), plan.spec.settings.get(path)
    if stage(plan) is None or block is None or own is None or setting is None:
        return
    # What a target says of DeepSpeed is said over a schedule for all.
    if not isinstance(setting.value, str) or (block.target and not setting.target):
        return
    if setting.value not in _SAME.get(own, ()):
        ignored = f"`{plan.name(path)}` {code(setting.value)} is silently ignored"
        yield Finding(
            path,
            f"{ignored}: DeepSpeed's config sets the scheduler to {own}",
            [Drop(f"{SECTION}scheduler", "the Trainer's schedules work under DeepSpeed too")],
            related=((f"{SECTION}scheduler.type", f"`scheduler.type` is {own}"),),
        )
