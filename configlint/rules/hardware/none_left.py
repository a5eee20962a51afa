"""All devices are reserved and none is left to train on.

`reserved` is subtracted from the devices of all nodes together. Where nothing is left, the launcher has no process
to start and fails on an assertion without a message.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8, reserved: 8}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8, reserved: 4}

Source: torch 2.13 distributed/elastic/agent/server/api.py, WorkerSpec.__post_init__
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import MOST_DEVICES
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count


@rule(Severity.ERROR, when=lambda plan: plan.parallel.world is None)
def check(plan: Plan) -> Iterator[Finding]:
    nodes, per_node, reserved = plan.hardware.nodes, plan.hardware.devices_per_node, plan.hardware.reserved
    if nodes is None or per_node is None or reserved is None:
        return
    total, fewest = nodes * per_node, max(nodes, 2)
    if reserved < total or total > MOST_DEVICES:
        return
    path, devices = "hardware.reserved", f"{count(nodes, 'node')} x {count(per_node, 'device')}"
    yield Finding(
        path,
        f"`{plan.name(path)}` {reserved:,} leaves no device to train on: the job has {total:,} ({devices})",
        # As many processes on each node; and two, as one would use the devices that are to stay free.
        [Put(path, total - fewest), Drop(path)] if total > fewest else [Drop(path)],
        related=(("hardware.devices_per_node", devices),),
    )
