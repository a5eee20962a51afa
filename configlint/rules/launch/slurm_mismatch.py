"""Slurm is asked for other nodes, tasks or GPUs than `hardware` has.

launch.sh starts one process for each device that the spec speaks of. With fewer GPUs the job fails, with more they
idle. With more than one task a node each starts all processes, and they fight for the devices; without as many
nodes the job waits for the others until it times out.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8, nodes: 2}
    launch: {script: train.py, slurm: {partition: gpu, ntasks-per-node: 8}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8, nodes: 2}
    launch: {script: train.py, slurm: {partition: gpu, gpus-per-node: "a100:8"}}

Source: Slurm 22.05 sbatch(1); run: with 8 tasks a node torchrun's agents fail, with --ntasks=16 over 2 nodes and
one task a node sbatch refuses
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.arithmetic import MOST_DEVICES
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import decimal
from configlint.core.wording import count

_TASKS_PER_NODE = ("ntasks-per-node", "tasks-per-node")
_LISTS_OF_RESOURCES = ("gres", "tres-per-task")
_PLACES = {
    "gpus": "",
    "gpus-per-node": " a node",
    "gres": " a node",
    "gpus-per-task": " a task",
    "tres-per-task": " a task",
}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    nodes, devices = plan.hardware.nodes, plan.hardware.devices_per_node
    if (nodes or 1) * (devices or 1) > MOST_DEVICES:
        return  # hardware/too-many-devices is the cause
    for name, value in plan.spec.section("launch.slurm").items():
        if isinstance(value, bool) or nodes is None:
            continue
        text = str(value).strip()
        wrong = _wrong_tasks(name, text, nodes)
        if plan.hardware.accelerator_name == "cpu":
            if _asked(name, text):
                yield _idle(plan, name, text)
                continue
        elif devices is not None:
            wrong = wrong or _wrong_gpus(name, text, nodes, devices)
        if wrong:
            yield Finding(f"launch.slurm.{name}", *wrong)


def _idle(plan: Plan, name: str, text: str) -> Finding:
    """GPUs for a training on CPUs, as a target inherits them."""
    path = f"launch.slurm.{name}"
    target = plan.spec.target if plan.spec.settings[path].target is None else None
    away = f"launch: {{slurm: {{{name}: null}}}}"
    help = f"write `{away}` in the target {target}" if target else "leave it out"
    message = (
        f"Slurm is asked for {count(_asked(name, text) or 0, 'GPU')}{_PLACES[name]}, and the training is on CPUs"
    )
    return Finding(path, message, help, Severity.WARNING)


def _wrong_tasks(name: str, text: str, nodes: int) -> tuple[str, str] | None:
    """What is wrong with a number of nodes or tasks, and the remedy."""
    if name == "ntasks-per-gpu":
        return "a task a GPU is asked for, and the one of each node starts all processes", "leave it out"
    if not re.fullmatch(r"\d+(-\d+)?", text):
        return None
    numbers = {decimal(number) for number in text.split("-")}
    if name in _TASKS_PER_NODE and numbers != {1}:
        return f"{text} tasks a node would each start all of its processes", f"leave it out, or write `{name}: 1`"
    if name == "nodes" and numbers != {nodes}:
        help = "leave it out: it comes from hardware.nodes"
        return f"Slurm is asked for {_nodes(text)}, and hardware has {count(nodes, 'node')}", help
    if name in ("ntasks", "tasks") and numbers != {nodes}:
        help = f"leave it out, or write `{name}: {nodes}`: one a node, which starts its processes"
        return f"Slurm is asked for {text} tasks, and hardware has {count(nodes, 'node')}", help
    return None


def _nodes(text: str) -> str:
    return "1 node" if text == "1" else f"{text} nodes"


def _wrong_gpus(name: str, text: str, nodes: int, devices: int) -> tuple[str, str] | None:
    asked = _asked(name, text)
    wanted = nodes * devices if name == "gpus" else devices
    if asked is None or asked == wanted:
        return None
    has = f"{nodes} x {devices}" if name == "gpus" else f"{count(devices, 'device')} a node"
    help = "leave it out: it comes from hardware" + (", the reserved devices too" if asked < wanted else "")
    return f"Slurm is asked for {count(asked, 'GPU')}{_PLACES[name]}, and hardware has {has}", help


def _asked(name: str, text: str) -> int | None:
    """How many GPUs an option asks for; None where it is about none, or it cannot be told."""
    return _gpus(text, name in _LISTS_OF_RESOURCES) if name in _PLACES else None


def _gpus(text: str, listed: bool) -> int | None:
    """How many GPUs `8`, `h100:8`, `a100:4,h100:4` or, among other resources, `gpu:h100:8` are; None where none is
    meant, or it cannot be told."""
    total = 0
    for item in re.sub(r"\([^()]*\)", "", text).split(","):
        words = re.split("[:=/]", item.strip().removeprefix("gres/").removeprefix("gres:"))
        if listed and words[0] != "gpu":
            continue
        if not words[-1][:1].isdigit():
            total += 1
        elif words[-1].isdecimal():
            total += decimal(words[-1])
        else:
            return None
    return total or None
