"""The processes cannot be split evenly over the nodes.

Every node starts the same number of processes: torchrun takes one number for all nodes, and Accelerate divides and
silently drops the remainder. The reserved devices must therefore be a multiple of the nodes.

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
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import count


@rule(Severity.ERROR, when=lambda plan: bool(plan.hardware.reserved))
def check(plan: Plan) -> Iterator[Finding]:
    world, nodes = plan.parallel.world, plan.hardware.nodes
    reserved, per_node = plan.hardware.reserved, plan.hardware.devices_per_node
    if not world or not nodes or not reserved or not per_node or world % nodes == 0:
        return
    devices = count(per_node, "device")
    formula = f"{count(world, 'process', 'processes')} = {nodes} nodes x {devices} - {reserved} reserved"
    yield Finding(
        "hardware.reserved",
        f"{count(world, 'process', 'processes')} cannot be split evenly over {nodes} nodes",
        _remedies(plan, nodes, reserved, per_node),
        related=(("hardware.nodes", formula),),
    )


def _remedies(plan: Plan, nodes: int, reserved: int, per_node: int) -> list[Remedy]:
    """The multiples of the nodes around what is reserved; and where that is whole nodes, how to keep them."""
    below = reserved // nodes * nodes
    sizes = [size for size in (below, below + nodes) if 0 < size < nodes * per_node]
    fitting = [size for size in sizes if _divides(plan, nodes * per_node - size)]
    if reserved % per_node:
        return [Put("hardware.reserved", size) for size in fitting or sizes]
    kept = reserved // per_node
    why = f"this keeps {count(kept, 'whole node')} free"
    whole = (Put("hardware.nodes", nodes - kept), Drop("hardware.reserved", why))
    near = sorted(fitting, key=lambda size: abs(size - reserved))
    return [*(Put("hardware.reserved", size) for size in near[:1]), whole]


def _divides(plan: Plan, world: int) -> bool:
    """Whether the effective batch can be split over the replicas of so many processes."""
    parallel, effective = plan.parallel, plan.batch.effective
    shared = (parallel.tensor or 1) * (parallel.context or 1) * (parallel.sequence or 1)
    return world % shared == 0 and (effective is None or effective % (world // shared) == 0)
