"""DeepSpeed rejects an offload setting, or offloads elsewhere than written.

It offloads to `cpu` or `nvme`. Only ZeRO-3 offloads a part of the optimizer, and only ZeRO-3 offloads to a disk,
which requires its path. Under its old name, cpu_offload, offloading works only if DeepSpeed's config has the
optimizer too.

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
from configlint.core.remedy import Drop, Move, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.knowledge.optimizers import is_adam
from configlint.rules.deepspeed import (
    OFFLOADS,
    SECTION,
    is_configured,
    kind,
    offloads,
    stage,
    value,
    with_data,
    zero,
)
from configlint.rules.deepspeed._values import number_of

_OPTIMIZER = OFFLOADS[0]
_OLD = "zero_optimization.cpu_offload"


@rule(Severity.ERROR, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    number = stage(plan)
    if number is None:
        return
    for key in OFFLOADS:
        yield from _device(plan, key, number)
    path, written = f"{SECTION}{_OPTIMIZER}.ratio", value(plan, f"{_OPTIMIZER}.ratio")
    ratio = number_of(written)
    if ratio is not None and 0 <= ratio < 1 and number < 3:
        message = f"`offload_optimizer.ratio` below 1 requires ZeRO-3, got {code(written)} under {zero(plan)}"
        yield Finding(path, message, [with_data(plan, "zero3"), Drop(path)])
    yield from _by_stage(plan, number)
    if value(plan, _OLD) is True and not plan.given(f"{SECTION}optimizer") and _is_on_host(plan):
        message = "Accelerate does not know `cpu_offload`, so DeepSpeed rejects the Trainer's optimizer"
        yield Finding(SECTION + _OLD, message, [_renamed(plan, number)], on_key=True)


def _device(plan: Plan, key: str, number: int) -> Iterator[Finding]:
    """What none of the stages takes."""
    device, path = value(plan, f"{key}.device"), f"{SECTION}{key}.device"
    name = f"`{key.rpartition('.')[2]}.device`"
    # With ZeRO 0 an offloaded optimizer fails, and parameters are offloaded by ZeRO 3 alone.
    works = number == 3 or (key == _OPTIMIZER and number > 0)
    choices = [Put(path, device) for device in (("cpu", "none") if works else ("none",))]
    if device == "auto":
        yield Finding(path, f"{name} auto means none here: nothing is offloaded", choices, Severity.WARNING)
    elif device not in (None, "none", "cpu", "nvme"):
        yield Finding(path, f"{name} must be cpu, nvme or none, got {code(device)}", choices)
    elif device == "nvme" and number == 3 and value(plan, f"{key}.nvme_path") is None:
        put = Put(f"{SECTION}{key}.nvme_path", "/path/to/nvme")
        yield Finding(path, f"{name} nvme requires `nvme_path`", [put, Put(path, "cpu")])


def _by_stage(plan: Plan, number: int) -> Iterator[Finding]:
    """Where the stage makes something else of it."""
    accelerator, path = plan.hardware.accelerator, f"{SECTION}{_OPTIMIZER}.device"
    if not offloads(plan):
        return
    is_device = accelerator is not None and accelerator.vendor != "cpu"
    if number == 0 and is_device and _is_on_host(plan):
        message = "`offload_optimizer` fails at the first step under ZeRO-0: the parameters stay on the device"
        yield Finding(path, message, [with_data(plan, "zero1"), Drop(SECTION + _OPTIMIZER)])
    elif number in (1, 2) and value(plan, f"{_OPTIMIZER}.device") == "nvme":
        message = f"`offload_optimizer.device` nvme means host memory under {zero(plan)}"
        remedies: list[Remedy] = [Put(path, "cpu")]
        if plan.given(f"{SECTION}{_OPTIMIZER}.nvme_path"):
            remedies.append(with_data(plan, "zero3"))
        yield Finding(path, f"{message}: only ZeRO-3 offloads to a disk", remedies, Severity.WARNING)


def _renamed(plan: Plan, number: int) -> Remedy:
    """The newer name, where that works and is not there yet."""
    path, to = SECTION + _OLD, SECTION + _OPTIMIZER
    if number == 0:
        return Drop(path, "an offloaded optimizer fails under ZeRO-0")
    return Drop(path, "`offload_optimizer` is set already") if plan.given(to) else Move(path, to, {"device": "cpu"})


def _is_on_host(plan: Plan) -> bool:
    """Whether it is DeepSpeed's Adam for the host, which only an explicit word prevents."""
    if plan.given(f"{SECTION}optimizer"):
        return is_adam(kind(plan, "optimizer") or "") and not value(plan, "optimizer.params.torch_adam")
    return value(plan, "zero_force_ds_cpu_optimizer") is not False
