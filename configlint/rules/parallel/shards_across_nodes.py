"""Each sharded copy of the model covers parts of several nodes.

Several sharded copies are meant to keep the traffic between shards within a node, so that only gradients cross the
network, once a step. A copy over parts of nodes gathers each layer over the network, where the copies compete.

Bad:

    batch: {effective: 96}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 3}
    parallel: {data: fsdp, shard: 12}

Good:

    batch: {effective: 96}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 3}
    parallel: {data: fsdp, shard: 8}

Source: transformers 5.23 distributed/configuration_utils.py, DistributedConfig (dp_replicate_size); accelerate 1.15
parallelism_config.py, _get_mesh (neighbouring ranks share a copy)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count


@rule(Severity.INFO, when=lambda plan: plan.given("parallel.shard"))
def check(plan: Plan) -> Iterator[Finding]:
    copies, shard, world = plan.parallel.copies, plan.parallel.shard, plan.parallel.world
    nodes = plan.hardware.nodes
    if not copies or not shard or not world or not nodes or world % nodes:
        return
    # Each of the replicas is a group of devices, where a model or a sequence is split further.
    together, per_node = world // copies, world // nodes
    if per_node % together == 0 or together % per_node == 0:
        return
    most, rest = divmod(per_node, together // shard)
    yield Finding(
        "parallel.shard",
        f"each copy of the model takes {count(together, 'device')} and does not fit evenly on nodes of {per_node}",
        [] if rest else [Put("parallel.shard", most, why="one copy per node")],
        related=(("hardware.devices_per_node", f"{count(per_node, 'process', 'processes')} per node"),),
    )
