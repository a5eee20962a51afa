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
    parallel, nodes = plan.parallel, plan.hardware.nodes
    if parallel.copies in (None, 1) or not parallel.world or not nodes or nodes == 1 or parallel.world % nodes:
        return
    # Each of the replicas is a group of devices, where a model or a sequence is split further.
    together = parallel.world // (parallel.copies or 1)
    per_node = parallel.world // nodes
    if per_node % together == 0 or together % per_node == 0:
        return
    shard, rest = divmod(per_node, together // (parallel.shard or 1))
    # Copies on one device each are none in shards.
    fits = rest == 0 and (shard > 1 or parallel.tensor != 1)
    yield Finding(
        "parallel.shard",
        f"each copy of the model takes {count(together, 'device')} and does not fit evenly on nodes of {per_node}",
        [Put("parallel.shard", shard, why="one copy per node")] if fits else [],
        related=(("hardware.devices_per_node", f"{count(per_node, 'process', 'processes')} per node"),),
    )
