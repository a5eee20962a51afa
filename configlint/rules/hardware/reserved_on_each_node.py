"""Whole nodes seem to be reserved, and a part of each is kept.

The devices that `reserved` keeps are spread evenly: each node starts as many processes, and the last devices of
each are free. A server that is to have a node of its own does not get one, and the training takes devices of all
nodes.

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
from configlint.core.rule import Finding, rule
from configlint.core.wording import count


@rule(Severity.INFO)
def check(plan: Plan) -> Iterator[Finding]:
    nodes, per_node, reserved = plan.hardware.nodes, plan.hardware.devices_per_node, plan.hardware.reserved
    if not nodes or not per_node or not reserved or nodes == 1 or per_node == 1 or plan.parallel.world is None:
        return
    if reserved % per_node or plan.parallel.world % nodes:
        return
    left = nodes - reserved // per_node
    yield Finding(
        "hardware.reserved",
        f"{reserved} reserved on {nodes} nodes keep {reserved // nodes} of the {per_node} devices of each,"
        " and no whole node",
        f"for a server on {count(reserved // per_node, 'node')} of its own write `nodes: {left}`, no reserved, and"
        " start it in a job of its own",
        related=(("hardware.nodes", f"{nodes} nodes x {per_node} devices"),),
    )
