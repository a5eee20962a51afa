"""All devices are kept from training.

What `reserved` says is taken off the devices of all nodes together, so that nothing is left to train
on: the launcher has no process to start, and fails on an assertion without a word.

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
from configlint.core.rule import Finding, rule
from configlint.core.wording import count


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    nodes, per_node, reserved = plan.hardware.nodes, plan.hardware.devices_per_node, plan.hardware.reserved
    if nodes is None or per_node is None or reserved is None:
        return
    total = nodes * per_node
    if reserved < total or total > MOST_DEVICES:
        return
    yield Finding(
        "hardware.reserved",
        f"no device is left to train on: {reserved} are reserved, and there are {nodes} x {per_node} = {total}",
        help=f"reserve {count(total - 1, 'device')} at most" if total > 1 else "delete it",
        related=(("hardware.devices_per_node", f"{count(nodes, 'node')} x {count(per_node, 'device')}"),),
    )
