"""`reserved` takes some devices of each node instead of whole nodes.

Reserved devices are spread evenly: every node starts the same number of processes and its last devices stay free.
A server that needs a node of its own does not get one, and the training uses devices of all nodes.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 2, reserved: 8}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 1}

Source: torch 2.13 distributed/run.py, --nproc-per-node, one number for all nodes
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count


@rule(Severity.INFO, when=lambda plan: bool(plan.hardware.reserved))
def check(plan: Plan) -> Iterator[Finding]:
    nodes, per_node, reserved = plan.hardware.nodes, plan.hardware.devices_per_node, plan.hardware.reserved
    if not nodes or not per_node or not reserved or nodes == 1 or per_node == 1 or plan.parallel.world is None:
        return
    if reserved % per_node or plan.parallel.world % nodes:
        return
    left = nodes - reserved // per_node
    why = f"a server on {count(reserved // per_node, 'whole node')} needs a job of its own"
    yield Finding(
        "hardware.reserved",
        f"`{plan.name('hardware.reserved')}` {reserved} takes {reserved // nodes} of the {per_node} devices"
        f" on each of {nodes} nodes, not whole nodes",
        [(Put("hardware.nodes", left), Drop("hardware.reserved", why))],
        related=(("hardware.nodes", f"{nodes} nodes x {per_node} devices"),),
    )
