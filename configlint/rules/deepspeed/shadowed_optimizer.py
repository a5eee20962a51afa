"""DeepSpeed's config has an optimizer and `optim` names another.

The Trainer builds no optimizer if DeepSpeed's config has one: it silently ignores `optim`, and optim_args with it.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: AdamW, params: {lr: auto, weight_decay: auto}}}}
    training: {optim: adafactor}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2}
    training: {optim: adafactor}

Source: transformers 5.23 integrations/deepspeed.py, deepspeed_optim_sched
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Remedy
from configlint.core.rule import Finding, rule
from configlint.knowledge.optimizers import find_optimizer
from configlint.rules.argument._resolved import is_flattened
from configlint.rules.deepspeed import SECTION, kind, offloads, sets, stage


@rule(Severity.ERROR, when=lambda plan: sets(plan, "optimizer"))
def check(plan: Plan) -> Iterator[Finding]:
    path, block = plan.path("optim"), plan.spec.settings.get(f"{SECTION}optimizer")
    own, setting = kind(plan, "optimizer"), plan.spec.settings.get(path)
    if stage(plan) is None or block is None or own is None or setting is None:
        return
    known = plan.release.arguments.get("optim")
    # What a target says of DeepSpeed is said over an `optim` for all.
    if not known or setting.value not in known.choices or (block.target and not setting.target):
        return
    named = find_optimizer(setting.value)
    if named and own.lower() not in named.deepspeed:
        ignored = f"`{plan.name(path)}` {setting.value} is silently ignored"
        remedies: list[Remedy] = [Drop(path)]
        # Offloaded, the Trainer's own would be replaced; and some cannot train under DeepSpeed.
        if not offloads(plan) and not is_flattened(plan, named):
            remedies.append(Drop(f"{SECTION}optimizer"))
        yield Finding(
            path,
            f"{ignored}: DeepSpeed's config sets the optimizer to {own}",
            remedies,
            related=((f"{SECTION}optimizer.type", f"`optimizer.type` is {own}"),),
        )
