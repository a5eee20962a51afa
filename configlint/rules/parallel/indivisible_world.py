"""The devices cannot be split into groups that share one model or one sequence.

tensor x context x sequence devices train on the same samples, so the number of training devices must be a multiple
of that. The Trainer rounds the quotient down and reports a different batch size than it trains; Accelerate then
fails when it builds the device mesh, after the queue.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 6}
    parallel: {data: fsdp, tensor: 4}
    training: {save_only_model: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, tensor: 4}
    training: {save_only_model: true}

Source: transformers 5.23 trainer.py, get_total_train_batch_size; accelerate 1.15 parallelism_config.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import divisors
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.parallel import beside, degree
from configlint.rules.parallel._heads import fits, heads_of


@rule(Severity.ERROR, when=lambda plan: plan.parallel.replicas is None)
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    degrees = {"tensor": parallel.tensor, "context": parallel.context, "sequence": parallel.sequence}
    group = 1
    for size in degrees.values():
        if size is None:
            return
        group *= size
    if parallel.world is None or parallel.world % group == 0:
        return
    used = [kind for kind, size in degrees.items() if size != 1]
    words = " x ".join(degree(plan, kind) for kind in used)
    if len(used) > 1:
        words += f" = {group}"
    first, *others = used
    yield Finding(
        f"parallel.{first}",
        f"{count(parallel.world, 'device')} cannot be split into groups of {words}",
        _remedies(plan, parallel.world, group, None if others else first),
        related=(*beside(plan, *others), ("hardware.devices_per_node", _world_in_words(plan))),
    )


def _remedies(plan: Plan, world: int, group: int, only: str | None) -> list[Remedy]:
    """The sizes next to that of the only degree that divide the devices, or the nearest numbers of devices that can
    be split."""
    found: list[Remedy] = (
        [Put(f"parallel.{only}", size) for size in _near(plan, only, world, group)] if only else []
    )
    below = world // group * group
    devices = f"{below:,} or {below + group:,} devices" if below else f"{group:,} devices"
    return [*found, Say(f"train on {devices}", needs=("hardware.devices_per_node",))][:2]


def _near(plan: Plan, kind: str, world: int, group: int) -> list[int]:
    heads = heads_of(plan, kind)
    sizes = [size for size in divisors(world, 2 * group) if size > 1 and fits(kind, size, heads)]
    return [*[size for size in sizes if size < group][-1:], *[size for size in sizes if size > group][:1]]


def _world_in_words(plan: Plan) -> str:
    nodes, per_node, reserved = plan.hardware.nodes or 1, plan.hardware.devices_per_node, plan.hardware.reserved
    words = f"{count(plan.parallel.world or 0, 'device')} = {count(nodes, 'node')} x {per_node}"
    return words + (f" - {reserved} reserved" if reserved else "")
