"""The optimizer is to be offloaded in a way that DeepSpeed refuses, or takes for another.

It offloads to `cpu` or `nvme`; a part only under ZeRO 3; to a disk only under ZeRO 3 too, where it wants the
path.  Under its old name, cpu_offload, it goes there only where DeepSpeed's config has the optimizer too.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel:
      data: zero3
      deepspeed: {zero_optimization: {offload_optimizer: {device: nvme}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel:
      data: zero3
      deepspeed: {zero_optimization: {offload_optimizer: {device: nvme, nvme_path: /scratch}}}

Source: accelerate 1.1 and 1.15 utils/dataclasses.py, DeepSpeedPlugin (auto); deepspeed 0.19.8
runtime/zero/offload_config.py, OffloadDeviceEnum; runtime/zero/config.py, offload_ratio_check;
runtime/zero/stage_1_and_2.py (any device is the host); runtime/zero/stage3.py, _configure_tensor_swapping;
runtime/swap_tensor/partitioned_param_swapper.py; ops/adam/cpu_adam.py, step; runtime/engine.py,
_configure_optimizer; run on CPUs, save zero0 on a device
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import code
from configlint.rules.deepspeed import OFFLOADS, SECTION, kind, offloads, stage, value

_OPTIMIZER = OFFLOADS[0]
_OLD = "zero_optimization.cpu_offload"


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    number = stage(plan)
    if number is None:
        return
    for key in OFFLOADS:
        device, path = value(plan, f"{key}.device"), SECTION + key
        if device == "auto":
            message = "auto is none here, and nothing is offloaded"
            yield Finding(f"{path}.device", message, "write cpu, nvme or none", Severity.WARNING)
        elif device not in (None, "none", "cpu", "nvme"):
            message = f"what is offloaded goes to cpu or nvme, not to {code(device)}"
            yield Finding(f"{path}.device", message, "write cpu, nvme or none")
        elif device == "nvme" and number == 3 and value(plan, f"{key}.nvme_path") is None:
            yield Finding(
                f"{path}.device", "nvme needs a nvme_path, and there is none", "write nvme_path beside it"
            )
    ratio = real(value(plan, f"{_OPTIMIZER}.ratio"))
    if ratio is not None and ratio < 1 and number < 3:
        message = f"only zero3 offloads a part of the optimizer, and zero{number} refuses ratio {code(ratio)}"
        yield Finding(f"{SECTION}{_OPTIMIZER}.ratio", message, "delete it, or write `data: zero3`")
    yield from _device(plan, number)
    if value(plan, _OLD) is True and not plan.given(f"{SECTION}optimizer") and _is_on_host(plan):
        message = (
            "cpu_offload is a name that Accelerate does not know, and DeepSpeed refuses the Trainer's optimizer"
        )
        yield Finding(SECTION + _OLD, message, "write `offload_optimizer: {device: cpu}`", on_key=True)


def _device(plan: Plan, number: int) -> Iterator[Finding]:
    """Where the stage makes something else of it."""
    accelerator, path = plan.hardware.accelerator, f"{SECTION}{_OPTIMIZER}.device"
    if not offloads(plan):
        return
    is_device = accelerator is not None and accelerator.vendor != "cpu"
    if number == 0 and is_device and _is_on_host(plan):
        message = "zero0 keeps the parameters on the device, where the offloaded optimizer fails at the first step"
        yield Finding(path, message, "write `data: zero1` or higher, or delete offload_optimizer")
    elif number in (1, 2) and value(plan, f"{_OPTIMIZER}.device") == "nvme":
        message = f"zero{number} offloads to the host's memory, whatever the device is"
        yield Finding(path, message, "write cpu, or `data: zero3`", Severity.WARNING)


def _is_on_host(plan: Plan) -> bool:
    """Whether it is DeepSpeed's Adam for the host, which only an explicit word prevents."""
    own = (kind(plan, "optimizer") or "").lower()
    if plan.given(f"{SECTION}optimizer"):
        return own in ("adam", "adamw") and not value(plan, "optimizer.params.torch_adam")
    return value(plan, "zero_force_ds_cpu_optimizer") is not False
