"""The shards of one copy lie on several nodes, and neither in one nor on whole ones.

Copies in shards are there to keep the traffic of the shards within a node: only gradients cross the network then,
once a step. A copy over parts of nodes has each layer gathered over the network, and copies compete for it.

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
from configlint.core.rule import Finding, rule
from configlint.core.wording import count


@rule(Severity.INFO)
def check(plan: Plan) -> Iterator[Finding]:
    parallel, nodes = plan.parallel, plan.hardware.nodes
    if parallel.copies in (None, 1) or not parallel.world or not nodes or nodes == 1 or parallel.world % nodes:
        return
    # Each of the replicas is a group of devices, where a model or a sequence is split further.
    together = parallel.world // (parallel.copies or 1)
    per_node = parallel.world // nodes
    if per_node % together == 0 or together % per_node == 0:
        return
    group = together // (parallel.shard or 1)
    fitting = f"`shard: {per_node // group}`" if per_node % group == 0 else None
    yield Finding(
        "parallel.shard",
        f"copies of the model on {count(together, 'device')} each do not fit nodes of {per_node} evenly",
        f"write {fitting}, a copy on each node" if fitting else None,
        related=(("hardware.devices_per_node", f"{count(per_node, 'process', 'processes')} a node"),),
    )
