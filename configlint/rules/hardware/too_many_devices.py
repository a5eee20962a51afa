"""The job has more devices than any cluster.

A digit too many, or the devices of the whole job in the place of those of a node. configlint computes nothing with
such a number: neither the replicas nor the batch are known, and no files are compiled.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 200000}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, nodes: 2}

Source: configlint 0.1 arithmetic.py, MOST_DEVICES: what is computed takes more time with more devices
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import MOST_DEVICES, MOST_IN_FORM
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import count

_NODES, _DEVICES = "hardware.nodes", "hardware.devices_per_node"


@rule(Severity.ERROR)
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
        _help(plan, path, per_node),
        related=((other, words[other]),) if plan.given(other) else (),
    )


def _help(plan: Plan, path: str, per_node: int) -> str:
    if path == _NODES:
        return f"write `nodes: {MOST_DEVICES // per_node}` or less"
    accelerator = plan.hardware.accelerator
    usual = accelerator.devices_per_node if accelerator else None
    return f"write the devices of one node, such as `devices_per_node: {usual or 8}`"
