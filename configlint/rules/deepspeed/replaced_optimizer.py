"""DeepSpeed replaces the optimizer that `optim` names when it is offloaded.

Where DeepSpeed offloads the optimizer, Accelerate replaces the Trainer's with DeepSpeed's CPU Adam. An AdamW stays
an AdamW. Most others are silently replaced by Adam; some fail on arguments that Adam does not have.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {zero_optimization: {offload_optimizer: {device: cpu}}}}
    training: {optim: adafactor}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {zero_optimization: {offload_optimizer: {device: cpu}}}}
    training: {optim: adamw_torch}

Source: accelerate 1.2, 1.4, 1.8, 1.12 and 1.15 utils/deepspeed.py, map_pytorch_optim_to_deepspeed; accelerate 1.1
accelerator.py, _prepare_deepspeed; run with accelerate 1.15 and deepspeed 0.19.8: sgd, rmsprop and adamw_bnb_8bit
train Adam, adafactor, adagrad and lion_32bit fail
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import is_flattened, optimizer
from configlint.rules.deepspeed import OFFLOADS, SECTION, offloads, sets, stage, value


@rule(Severity.ERROR, when=lambda plan: sets(plan, OFFLOADS[0]))
def check(plan: Plan) -> Iterator[Finding]:
    made, path = optimizer(plan), plan.path("optim")
    # Transformers before 5.0 runs with releases of Accelerate that were not looked at.
    if stage(plan) is None or not offloads(plan) or plan.release.transformers < (5, 0):
        return
    if made is None or made.cpu_adam or value(plan, "zero_force_ds_cpu_optimizer") is False:
        return
    device = f"{SECTION}{OFFLOADS[0]}.device"
    yield Finding(
        path,
        f"`{plan.name(path)}` {made.name} cannot be offloaded:"
        " the job silently trains with DeepSpeed's CPU Adam or fails",
        # Some are rejected without the offload too.
        [Put(path, "adamw_torch"), *([] if is_flattened(plan, made) else [Drop(SECTION + OFFLOADS[0])])],
        related=((device, f"`offload_optimizer.device` is {plan.spec.settings[device].value}"),),
    )
