"""The job has more devices than any cluster.

Usually a digit too many, or the devices of the whole job where those of one node belong. configlint does not
compute with such a number: the replicas and the batch stay unknown and no files are compiled.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 200000}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 2}

Source: configlint 0.1 arithmetic.py, MOST_DEVICES: more devices take more time to compute with
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import MOST_DEVICES, MOST_IN_FORM
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count

_NODES, _DEVICES = "hardware.nodes", "hardware.devices_per_node"


@rule(Severity.ERROR, when=lambda plan: plan.parallel.world is None)
def check(plan: Plan) -> Iterator[Finding]:
    nodes, per_node = plan.hardware.nodes, plan.hardware.devices_per_node
    if nodes is None or per_node is None or nodes * per_node <= MOST_DEVICES or max(nodes, per_node) > MOST_IN_FORM:
        return
    words = {_NODES: count(nodes, "node"), _DEVICES: f"{count(per_node, 'device')} per node"}
    # The larger number is the one that nobody has.
    path, other = (_NODES, _DEVICES) if nodes > per_node else (_DEVICES, _NODES)
    yield Finding(
        path,
        f"a job must have at most {MOST_DEVICES:,} devices, got {nodes * per_node:,}"
        f" ({words[_NODES]} x {words[_DEVICES]})",
        [_remedy(plan, path, per_node)],
        related=((other, words[other]),) if plan.given(other) else (),
    )


def _remedy(plan: Plan, path: str, per_node: int) -> Put:
    if path == _NODES:
        return Put(path, max(MOST_DEVICES // per_node, 1), "the most that is allowed")
    accelerator, instance = plan.hardware.accelerator, plan.hardware.instance
    usual = accelerator.devices_per_node if accelerator else None
    return Put(path, instance.devices if instance else usual or 8, "the devices of one node")
