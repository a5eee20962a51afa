"""The optimizer that is offloaded is not the one that `optim` names.

Where DeepSpeed offloads the optimizer, Accelerate puts DeepSpeed's Adam for the host in the place of the
Trainer's: that keeps an AdamW, and of any other trains Adam, with its learning rate, or fails on what Adam does
not know.

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

Source: accelerate 1.15 utils/deepspeed.py, map_pytorch_optim_to_deepspeed; accelerate 1.1 accelerator.py,
_prepare_deepspeed
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule
from configlint.rules.argument._resolved import optimizer
from configlint.rules.deepspeed import OFFLOADS, SECTION, offloads, stage, value

# AdamW in 32 bits; and what newer releases of Accelerate have an optimizer for the host for, and older ones do not.
_KEPT = (
    *(
        "adamw_torch",
        "adamw_torch_fused",
        "adamw_torch_xla",
        "adamw_torch_npu_fused",
        "adamw_hf",
        "adamw_apex_fused",
    ),
    *("paged_adamw_32bit", "adagrad", "lion_32bit", "paged_lion_32bit"),
)


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    name = optimizer(plan)
    # Transformers before 5.0 runs with releases of Accelerate that were not looked at.
    if stage(plan) is None or not offloads(plan) or plan.release.transformers < (5, 0):
        return
    if name in (None, *_KEPT) or value(plan, "zero_force_ds_cpu_optimizer") is False:
        return
    device = f"{SECTION}{OFFLOADS[0]}.device"
    yield Finding(
        plan.path("optim"),
        f"where the optimizer is offloaded, DeepSpeed's Adam for the host takes the place of {name}",
        "write `optim: adamw_torch`, or delete offload_optimizer",
        related=((device, f"device {plan.spec.settings[device].value}"),),
    )
