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

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    world, nodes, reserved = plan.parallel.world, plan.hardware.nodes, plan.hardware.reserved
    if not world or not nodes or world % nodes == 0:
        return
    reckoning = f"{world} processes = {nodes} nodes x {plan.hardware.devices_per_node} - {reserved}"
    yield Finding(
        "hardware.reserved",
        f"{world} processes cannot be started evenly on {nodes} nodes",
        _help(nodes, reserved or 0, world),
        related=(("hardware.nodes", reckoning),),
    )


def _help(nodes: int, reserved: int, world: int) -> str:
    """The multiples of the nodes around what is reserved; a node of its own for a server is none of the job's."""
    below = reserved // nodes * nodes
    sizes = [size for size in (below, below + nodes) if 0 < size < world + reserved]
    same = " or ".join(f"`reserved: {size}`" for size in sizes)
    fewer = "for a whole node of its own, one fewer as nodes, and no reserved"
    return f"write {same}, as many on each node; {fewer}" if same else f"write {fewer}"
