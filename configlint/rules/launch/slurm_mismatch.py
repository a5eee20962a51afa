"""The Slurm options request other nodes, tasks or GPUs than `hardware` has.

launch.sh starts one process for each device of the spec. With fewer GPUs the job fails, with more they idle. With
more than one task per node each task starts all processes, which then compete for the devices. With fewer nodes
the job waits for the missing ones until it times out.

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
from configlint.core.remedy import Drop, Put, Remedy, Say
from configlint.core.rule import Finding, Row, rule
from configlint.core.values import decimal
from configlint.core.wording import count
from configlint.rules.launch import asks_for_slurm

_TASKS_PER_NODE = ("ntasks-per-node", "tasks-per-node")
_LISTS_OF_RESOURCES = ("gres", "tres-per-task")
_PLACES = {
    "gpus": "",
    "gpus-per-node": " per node",
    "gres": " per node",
    "gpus-per-task": " per task",
    "tres-per-task": " per task",
}


_ROWS = {
    "slurm-nodes-mismatch": Row("sbatch must request as many nodes as `hardware` has."),
    "slurm-tasks-mismatch": Row("sbatch must start one task per node, because each task starts all its processes."),
    "slurm-gpus-mismatch": Row("sbatch must request as many GPUs as `hardware` has."),
    "slurm-gpus-for-cpu": Row("sbatch requests GPUs, but the training runs on CPU.", Severity.WARNING),
}


@rule(Severity.ERROR, rows=_ROWS, when=asks_for_slurm)
def check(plan: Plan) -> Iterator[Finding]:
    nodes, devices = plan.hardware.nodes, plan.hardware.devices_per_node
    if (nodes or 1) * (devices or 1) > MOST_DEVICES:
        return  # hardware/too-many-devices is the cause
    for name, value in plan.spec.section("launch.slurm").items():
        if isinstance(value, bool) or nodes is None:
            continue
        text = str(value).strip()
        wrong = _wrong_tasks(plan, name, text)
        if plan.hardware.accelerator_name == "cpu":
            if _asked(name, text):
                yield _idle(plan, name, text)
                continue
        elif devices is not None:
            wrong = wrong or _wrong_gpus(plan, name, text, nodes, devices)
        if wrong:
            row, message, remedies = wrong
            yield Finding(f"launch.slurm.{name}", message, remedies, row=row)


def _idle(plan: Plan, name: str, text: str) -> Finding:
    """GPUs for a training on CPUs, as a target inherits them."""
    path = f"launch.slurm.{name}"
    target = plan.spec.target if plan.spec.settings[path].target is None else None
    away = f"launch: {{slurm: {{{name}: null}}}}"
    remedy = Say(f"write `{away}` in the target `{target}`") if target else _without_gpus(name, text)
    gpus = count(_asked(name, text) or 0, "GPU")
    message = f"`{name}` requests {gpus}{_PLACES[name]}, but the training runs on CPU"
    return Finding(path, message, [remedy], row="slurm-gpus-for-cpu")


# The row, the message and the remedies.
_Wrong = tuple[str, str, list[Remedy]] | None


def _wrong_tasks(plan: Plan, name: str, text: str) -> _Wrong:
    """What is wrong with a number of nodes or tasks, and the remedies."""
    row, path, nodes, of_nodes = (
        "slurm-tasks-mismatch",
        f"launch.slurm.{name}",
        plan.hardware.nodes,
        plan.name("hardware.nodes"),
    )
    if name == "ntasks-per-gpu":
        return row, f"`{name}` requests tasks per GPU, but one task per node starts all its processes", [Drop(path)]
    if not re.fullmatch(r"\d+(-\d+)?", text):
        return None
    numbers = {decimal(number) for number in text.split("-")}
    if name in _TASKS_PER_NODE and numbers != {1}:
        message = f"`{name}` must be 1 because each task starts all processes of its node, got {text}"
        return row, message, [Put(path, 1), Drop(path)]
    if name == "nodes" and numbers != {nodes}:
        message = f"`{name}` requests {_nodes(text)}, but `{of_nodes}` is {nodes}"
        return "slurm-nodes-mismatch", message, [Drop(path, why=f"configlint takes it from `{of_nodes}`")]
    if name in ("ntasks", "tasks") and numbers != {nodes}:
        return row, f"`{name}` must be {nodes} (one task per node), got {text}", [Put(path, nodes), Drop(path)]
    return None


def _nodes(text: str) -> str:
    return "1 node" if text == "1" else f"{text} nodes"


def _wrong_gpus(plan: Plan, name: str, text: str, nodes: int, devices: int) -> _Wrong:
    asked = _asked(name, text)
    wanted = nodes * devices if name == "gpus" else devices
    if asked is None or asked == wanted:
        return None
    has = f"{nodes} x {count(devices, 'device')}" if name == "gpus" else f"{count(devices, 'device')} per node"
    why = "configlint requests all devices" + (", including the reserved ones" if plan.hardware.reserved else "")
    message = f"`{name}` requests {count(asked, 'GPU')}{_PLACES[name]}, but `hardware` has {has}"
    return "slurm-gpus-mismatch", message, [_without_gpus(name, text, why)]


def _without_gpus(name: str, text: str, why: str = "") -> Remedy:
    """To leave the GPUs out, and of a list only them."""
    path = f"launch.slurm.{name}"
    # Sockets may stand behind, with commas of their own: `gpu:8(S:0,1)`.
    items = re.findall(r"(?:\([^()]*\)|[^,(])+", text) if name in _LISTS_OF_RESOURCES else []
    others = ",".join(item for item in items if not _is_of_gpus(item))
    return Put(path, others, why=why) if others else Drop(path, why=why)


def _is_of_gpus(item: str) -> bool:
    return _words(item)[0] == "gpu"


def _words(item: str) -> list[str]:
    """Of `gres/gpu:h100:8` what stands between the signs."""
    return re.split("[:=/]", item.strip().removeprefix("gres/").removeprefix("gres:"))


def _asked(name: str, text: str) -> int | None:
    """How many GPUs an option asks for; None where it is about none, or it cannot be told."""
    return _gpus(text, name in _LISTS_OF_RESOURCES) if name in _PLACES else None


def _gpus(text: str, listed: bool) -> int | None:
    """How many GPUs `8`, `h100:8`, `a100:4,h100:4` or, among other resources, `gpu:h100:8` are; None where none is
    meant, or it cannot be told."""
    total = 0
    for item in re.sub(r"\([^()]*\)", "", text).split(","):
        words = _words(item)
        if listed and words[0] != "gpu":
            continue
        if not words[-1][:1].isdigit():
            total += 1
        elif words[-1].isdecimal():
            total += decimal(words[-1])
        else:
            return None
    return total or None
