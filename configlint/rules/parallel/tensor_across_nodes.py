"""A group of devices that share each layer lies on several nodes.

Tensor parallelism adds up partial results in every layer, forward and backward. Within a node that goes over
NVLink or the like; between nodes every layer waits for the network.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 2}
    parallel: {data: fsdp, tensor: 16}
    training: {save_only_model: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 2}
    parallel: {data: fsdp, tensor: 8}
    training: {save_only_model: true}

Source: transformers 5.23 distributed/utils.py, initialize_distributed_mesh (neighbouring ranks are a group), and
configuration_utils.py, DistributedConfig
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import divisors
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import count


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    tensor, world, nodes = plan.parallel.tensor, plan.parallel.world, plan.hardware.nodes
    if not tensor or not world or not nodes or nodes == 1 or world % nodes or world % tensor:
        return
    per_node = world // nodes
    if per_node % tensor == 0:
        return
    spread = -(-tensor // per_node)
    where = (
        f"spans {spread} nodes" if spread > 1 else "does not divide the processes of a node, so that some span two"
    )
    largest = max(size for size in divisors(per_node) if size <= tensor)
    yield Finding(
        "parallel.tensor",
        f"tensor {tensor} {where}: every layer waits for the network",
        f"write `tensor: {largest}`",
        related=(("hardware.devices_per_node", f"{count(per_node, 'process', 'processes')} a node"),),
    )
