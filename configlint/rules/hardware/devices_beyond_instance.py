"""The job uses more devices per node than the cloud's instance type has.

Each node starts one process per device. Processes beyond the last device share one with another, and NCCL refuses
that before the first step. Often the number is that of the whole job.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: p5.48xlarge, devices_per_node: 16}

Good:

    batch: {effective: 64}
    hardware: {accelerator: p5.48xlarge, nodes: 2}

Source: accelerate 1.15 state.py, PartialState.set_device; NCCL 2.27 init.cc, "Duplicate GPU detected"
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import MOST_DEVICES
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.profile import Instance
from configlint.core.remedy import Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import count

_DEVICES, _NODES, _ACCELERATOR = "hardware.devices_per_node", "hardware.nodes", "hardware.accelerator"


@rule(Severity.ERROR, when=lambda plan: plan.hardware.instance is not None)
def check(plan: Plan) -> Iterator[Finding]:
    instance, per_node, nodes = plan.hardware.instance, plan.hardware.devices_per_node, plan.hardware.nodes
    if instance is None or per_node is None or per_node <= instance.devices:
        return
    if nodes is not None and nodes * per_node > MOST_DEVICES:
        return  # hardware/too-many-devices is the cause
    yield Finding(
        _DEVICES,
        f"`{plan.name(_DEVICES)}` must be at most {instance.devices} for {instance.name}, got {per_node:,}",
        _remedies(instance, per_node, nodes),
        related=((_ACCELERATOR, f"{instance.name} has {count(instance.devices, 'device')}"),),
    )


def _remedies(instance: Instance, per_node: int, nodes: int | None) -> list[Remedy]:
    """As many machines as hold the devices, where none of theirs is left over; else those of one."""
    all_of_one = Put(_DEVICES, instance.devices)
    if nodes is None or per_node % instance.devices:
        return [all_of_one]
    return [(all_of_one, Put(_NODES, nodes * per_node // instance.devices)), all_of_one]
