"""The job sees fewer devices than it starts processes.

Each process of a node uses the visible device with its own local rank. With fewer visible devices, the last
processes fail with `invalid device ordinal` at the start of the job.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, env: {CUDA_VISIBLE_DEVICES: "0,1,2,3"}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 4}
    launch: {script: train.py, env: {CUDA_VISIBLE_DEVICES: "0,1,2,3"}}

Source: accelerate 1.15 state.py, PartialState.set_device; torch 2.13 cuda/__init__.py, _parse_visible_devices
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.values import text
from configlint.core.wording import count

_DEVICES = "hardware.devices_per_node"
_NAMES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


@rule(Severity.ERROR, when=lambda plan: plan.given("launch.env"))
def check(plan: Plan) -> Iterator[Finding]:
    world, nodes, accelerator = plan.parallel.world, plan.hardware.nodes, plan.hardware.accelerator
    if not world or not nodes or world % nodes or (accelerator and accelerator.vendor == "cpu"):
        return
    processes = count(world // nodes, "process", "processes")
    for name, value in plan.spec.section("launch.env").items():
        seen = _seen(value) if name in _NAMES else None
        if seen is not None and seen < world // nodes:
            path = f"launch.env.{name}"
            yield Finding(
                path,
                f"`{name}` shows {count(seen, 'device')}, but each node starts {processes}",
                _remedies(plan, path, seen, world // nodes),
                related=((_DEVICES, f"`{plan.name(_DEVICES)}` is {plan.hardware.devices_per_node}"),),
            )


def _remedies(plan: Plan, path: str, seen: int, processes: int) -> list[Remedy]:
    if not seen:
        return [Drop(path)]
    more = Say(f"list {count(processes, 'device')}")
    # Of the devices of a node, some may be reserved: then as many as are seen are not enough.
    return [more] if plan.hardware.reserved else [Put(_DEVICES, seen), more]


def _seen(value: object) -> int | None:
    """How many devices are left; None where that cannot be told. A negative number hides what follows."""
    if value == "":
        return 0
    words = [word.strip() for word in (text(value) or "").split(",")]
    if not any(words):
        return None
    shown = words[: words.index("-1")] if "-1" in words else words
    return len({word for word in shown if word})
