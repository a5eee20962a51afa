"""The devices cannot be split into groups that share one model or one sequence.

tensor x context x sequence devices see the same samples, so the devices that train must be a
multiple of that. The Trainer rounds the quotient down and so counts another batch than it trains;
Accelerate then fails when it builds the device mesh, after the queue.

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
from configlint.core.rule import Finding, rule
from configlint.core.wording import count, listing


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    degrees = {"tensor": parallel.tensor, "context": parallel.context, "sequence": parallel.sequence}
    group = 1
    for degree in degrees.values():
        if degree is None:
            return
        group *= degree
    if parallel.world is None or parallel.world % group == 0:
        return
    used = {kind: degree for kind, degree in degrees.items() if degree != 1}
    words = " x ".join(f"{kind} {degree}" for kind, degree in used.items())
    if len(used) > 1:
        words += f" = {group}"
    first, *others = used
    yield Finding(
        f"parallel.{first}",
        f"{count(parallel.world, 'device')} cannot be split into groups of {words}",
        help=_help(parallel.world, group, first if not others else None),
        related=(
            *((f"parallel.{kind}", f"{kind} {used[kind]}") for kind in others),
            ("hardware.devices_per_node", _world_in_words(plan)),
        ),
    )


def _help(world: int, group: int, only: str | None) -> str:
    """The degrees next to the only one that divide the devices, and the nearest numbers of devices that can be
    split."""
    below = world // group * group
    sizes = f"train on {below:,} or {below + group:,} devices" if below else f"train on {group:,} devices"
    degrees = [size for size in divisors(world, 2 * group) if size > 1]
    near = [*[size for size in degrees if size < group][-1:], *[size for size in degrees if size > group][:1]]
    words = listing([f"`{only}: {size}`" for size in near], "or") if only and near else None
    return f"write {words}, or {sizes}" if words else sizes


def _world_in_words(plan: Plan) -> str:
    nodes, per_node, reserved = plan.hardware.nodes or 1, plan.hardware.devices_per_node, plan.hardware.reserved
    words = f"{count(plan.parallel.world or 0, 'device')} = {count(nodes, 'node')} x {per_node}"
    return words + (f" - {reserved} reserved" if reserved else "")
