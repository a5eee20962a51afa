"""A tensor-parallel group spans several nodes.

Tensor parallelism sums partial results in every layer, forward and backward. Within a node that uses NVLink or the
like; between nodes every layer waits for the network.

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
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.parallel import degree
from configlint.rules.parallel._heads import fits, heads_of

_PATH = "parallel.tensor"


@rule(Severity.WARNING, when=lambda plan: plan.parallel.tensor != 1)
def check(plan: Plan) -> Iterator[Finding]:
    tensor, world, nodes = plan.parallel.tensor, plan.parallel.world, plan.hardware.nodes
    if not tensor or not world or not nodes or nodes == 1 or world % nodes or world % tensor:
        return
    per_node = world // nodes
    if per_node % tensor == 0:
        return
    processes, spread = count(per_node, "process", "processes"), -(-tensor // per_node)
    where = f"spans {spread} nodes" if spread > 1 else f"does not divide the {processes} per node"
    heads = heads_of(plan, "tensor")
    largest = max(size for size in divisors(per_node) if size <= tensor and fits("tensor", size, heads))
    yield Finding(
        _PATH,
        f"{degree(plan, 'tensor')} {where}, so layers wait for the network",
        [Put(_PATH, largest) if largest > 1 else Drop(_PATH)],
        related=(("hardware.devices_per_node", f"{processes} per node"),),
    )
