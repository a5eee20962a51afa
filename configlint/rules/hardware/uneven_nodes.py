"""The processes cannot be started evenly on the nodes.

Every node starts the same number of processes: torchrun takes one number for all, and Accelerate divides
and drops the rest without a word. With reserved devices that do not divide, some node would need another.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 3, reserved: 8}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 2}

Source: torch 2.13 distributed/run.py, --nproc-per-node; accelerate 1.15 utils/launch.py, prepare_multi_gpu_env
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    world, nodes, reserved = plan.parallel.world, plan.hardware.nodes, plan.hardware.reserved
    if not world or not nodes or world % nodes == 0:
        return
    reckoning = f"{world} processes = {nodes} nodes x {plan.hardware.devices_per_node} - {reserved}"
    yield Finding(
        "hardware.reserved",
        f"{world} processes cannot be started evenly on {nodes} nodes",
        _help(nodes, reserved or 0, plan.hardware.devices_per_node or 1),
        related=(("hardware.nodes", reckoning),),
    )


def _help(nodes: int, reserved: int, per_node: int) -> str:
    """The multiples of the nodes around what is reserved; and where that is a whole node, how to keep it."""
    below = reserved // nodes * nodes
    sizes = [size for size in (below, below + nodes) if 0 < size < nodes * per_node]
    ways = [f"write {' or '.join(f'`reserved: {size}`' for size in sizes)}, as many on each node"] if sizes else []
    if reserved >= per_node:
        left = nodes - reserved // per_node
        ways.append(f"to keep whole nodes for something else, write `nodes: {left}` without reserved")
    return "; ".join(ways)
