"""launch.sh: process counts and nothing else, and the way to the script."""

from __future__ import annotations

import os
import shlex

from configlint.artifact import Artifact
from configlint.plan import Plan
from configlint.wording import code


def emit(plan: Plan) -> list[Artifact]:
    launch = plan.launch
    if launch.script is None and launch.module is None:
        return []
    lines = [
        "#!/usr/bin/env bash",
        f"# {_mesh(plan)}",
        "set -euo pipefail",
        'here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"',
        f'cd -- "$here"/{shlex.quote(_workdir(plan))}',
        *_environment(plan),
        *([launch.setup.rstrip("\n")] if launch.setup else []),
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


def _workdir(plan: Plan) -> str:
    """From the folder of this file, so that the whole tree can be moved."""
    return os.path.relpath(plan.launch.workdir, plan.launch.output).replace(os.sep, "/")


def _environment(plan: Plan) -> list[str]:
    return [f"export {name}={shlex.quote(code(value))}" for name, value in plan.spec.section("launch.env").items()]


def _start(plan: Plan) -> list[str]:
    """The launcher's command. On several nodes every node runs this file; NODE_RANK and MASTER_ADDR
    come from whoever starts it."""
    launch, nodes = plan.launch, plan.hardware.nodes or 1
    several = nodes > 1
    lines = []
    if several:
        lines = [
            f': "${{NODE_RANK:?set NODE_RANK to the number of this node, 0 to {nodes - 1}}}"',
            ': "${MASTER_ADDR:?set MASTER_ADDR to the address of node 0}"',
        ]
    if launch.launcher == "accelerate":
        words = ['accelerate launch --config_file "$here"/accelerate.yaml']
        if several:
            words.append('--machine_rank "$NODE_RANK" --main_process_ip "$MASTER_ADDR"')
            words.append('--main_process_port "${MASTER_PORT:-29500}"')
    else:
        words = [f"torchrun --nproc_per_node {(plan.parallel.world or 1) // nodes}"]
        if several:
            words[0] += f" --nnodes {nodes}"
            words.append('--node_rank "$NODE_RANK" --master_addr "$MASTER_ADDR"')
            words.append('--master_port "${MASTER_PORT:-29500}"')
        else:
            # A port of its own, so that two jobs can share a host.
            words[0] = words[0].replace("torchrun ", "torchrun --standalone ")
    words.append(f"-m {launch.module}" if launch.module else shlex.quote(launch.script or ""))
    flag = [shlex.quote(launch.config_flag)] if launch.config_flag else []
    words.append(" ".join([*flag, '"$here"/training_args.json']))
    return [*lines, "exec " + " \\\n  ".join(words)]
