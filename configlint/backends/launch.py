"""launch.sh: process counts and nothing else, and the way to the script."""

from __future__ import annotations

import os
import re
import shlex

from configlint.artifact import Artifact
from configlint.backends import mesh
from configlint.plan import Plan


def emit(plan: Plan) -> list[Artifact]:
    launch = plan.launch
    if launch.script is None and launch.module is None:
        return []
    lines = [
        "#!/usr/bin/env bash",
        f"# {' '.join(_mesh(plan).split())}",  # one line, whatever an accelerator is called
        "set -eo pipefail",  # not -u: what `setup` activates may read variables that are not set
        'config_folder="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"',
        "readonly config_folder",
        f"cd -- {workdir(plan)}",
        *_environment(plan),
        *([launch.setup.rstrip("\n")] if launch.setup else []),
        # What another job left in the environment would be another mesh, and another batch.
        'unset "${!PARALLELISM_CONFIG_@}" "${!ACCELERATE_USE_@}"',
        *_own_mesh(plan),
        *_start(plan),
    ]
    return [Artifact("launch.sh", "\n".join(lines) + "\n", executable=True)]


def _mesh(plan: Plan) -> str:
    batch, hardware, parallel = plan.batch, plan.hardware, plan.parallel
    return (
        f"{batch.trained} samples a step = {batch.per_device} per device x {batch.accumulation} accumulated"
        f" x {parallel.replicas} replicas; {hardware.nodes} x {hardware.devices_per_node}"
        f" {hardware.accelerator_name}, {parallel.data}"
    )


def workdir(plan: Plan) -> str:
    """From the folder of this file, so that the whole tree can be moved; unless the user named a place."""
    setting = plan.spec.settings.get("launch.workdir")
    if setting and os.path.isabs(str(setting.value)):
        return shlex.quote(str(setting.value))
    relative = os.path.relpath(plan.launch.workdir, plan.launch.output).replace(os.sep, "/")
    return '"$config_folder"/' + shlex.quote(relative)


def _environment(plan: Plan) -> list[str]:
    return [f"export {name}={shlex.quote(str(value))}" for name, value in plan.spec.section("launch.env").items()]


def _own_mesh(plan: Plan) -> list[str]:
    """The mesh, which Accelerate's launcher has from its own file."""
    if plan.launch.launcher == "accelerate":
        return []
    return [f"export {name}={shlex.quote(value)}" for name, value in mesh.environment(plan).items()]


def _start(plan: Plan) -> list[str]:
    """The launcher's command. Of several nodes each runs this file; NODE_RANK and MASTER_ADDR come from
    whoever starts it."""
    launch, nodes = plan.launch, plan.hardware.nodes or 1
    start = _accelerate(nodes) if launch.launcher == "accelerate" else _torchrun(plan, nodes)
    # A script whose name starts with a hyphen is no option of the launcher.
    script = f"-m {launch.module}" if launch.module else shlex.quote(re.sub("^-", "./-", launch.script or ""))
    flag = f"{shlex.quote(launch.config_flag)} " if launch.config_flag else ""
    command = "exec " + " \\\n  ".join([*start, script, f'{flag}"$config_folder"/training_args.json'])
    if nodes == 1:
        return [command]
    return [
        f': "${{NODE_RANK:?set NODE_RANK to the number of this node, 0 to {nodes - 1}}}"',
        ': "${MASTER_ADDR:?set MASTER_ADDR to the address of node 0}"',
        command,
    ]


def _torchrun(plan: Plan, nodes: int) -> list[str]:
    per_node = (plan.parallel.world or 1) // nodes
    if nodes == 1:
        # --standalone takes any free port, so that two jobs can share a host; --nnodes is said because
        # torchrun would take it from PET_NNODES otherwise.
        return [f"torchrun --standalone --nnodes 1 --nproc_per_node {per_node}"]
    return [
        f"torchrun --nproc_per_node {per_node} --nnodes {nodes}",
        '--node_rank "$NODE_RANK" --master_addr "$MASTER_ADDR" --master_port "${MASTER_PORT:-29500}"',
    ]


def _accelerate(nodes: int) -> list[str]:
    start = ['accelerate launch --config_file "$config_folder"/accelerate.yaml']
    if nodes == 1:
        return start
    ports = '--main_process_ip "$MASTER_ADDR" --main_process_port "${MASTER_PORT:-29500}"'
    return [*start, f'--machine_rank "$NODE_RANK" {ports}']
