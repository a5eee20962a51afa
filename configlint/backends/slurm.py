"""job.sbatch: what Slurm allocates, and the step that runs launch.sh on each of its nodes.

Source: Slurm 22.05 sbatch(1), srun(1) and RELEASE_NOTES (srun takes --cpus-per-task from sbatch no more);
pyxis README.md (the container is srun's); run: tests/test_slurm.py
"""

from __future__ import annotations

import os
import shlex

from configlint.backends.launch import workdir
from configlint.core.artifact import Artifact
from configlint.core.plan import Plan

NAME = "job.sbatch"
# What asks for GPUs in other words than ours; gres and tres-per-task may be about something else.
_GPUS = ("gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task")

_VISIBLE = {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"}

_CONFIG_FOLDER = """\
set -eo pipefail
: "${SLURM_JOB_ID:?submit this file with sbatch}"

# Slurm runs a copy of this file; the command that submitted it says where the other files are. For the id of an
# array all its elements are shown, each with the same command.
submitted="$(scontrol show job "$SLURM_JOB_ID" | sed -n '/^ *Command=/{s///p;q;}')" || true
if [[ $# -gt 0 ]]; then submitted="${submitted%" $*"}"; fi
if [[ $submitted != /* ]]; then submitted="$SLURM_SUBMIT_DIR/$submitted"; fi
config_folder="$(dirname -- "$submitted")"
if [[ ! -f $submitted || ! -f $config_folder/launch.sh ]]; then
  echo "job.sbatch: no launch.sh next to the submitted file, $submitted;" \\
    "submit this file by its path, in a folder that all nodes share: sbatch DIR/job.sbatch" >&2
  exit 1
fi
config_folder="$(cd -- "$config_folder" && pwd)"
readonly config_folder
"""
_RENDEZVOUS = """\
MASTER_ADDR="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)"
# Two jobs can share a host, so each has a port of its own: 10000 + the job's id modulo 20000, which is 10000 to
# 29999, above the system's ports (up to 1023) and below those of outgoing connections (from 32768 on).
MASTER_PORT="${MASTER_PORT:-$((10000 + SLURM_JOB_ID % 20000))}"
export MASTER_ADDR MASTER_PORT
# Single quotes, because the number of a node is known only there.
# shellcheck disable=SC2016
"""


def emit(plan: Plan) -> list[Artifact]:
    if not plan.given("launch.slurm") or not (plan.launch.script or plan.launch.module):
        return []
    given = plan.spec.section("launch.slurm")
    step = {name: value for name, value in given.items() if _is_of_step(name)}
    options = {**_derived(plan, given), **{name: given[name] for name in given if name not in step}}
    text = "#!/usr/bin/env bash\n"
    # To sbatch a backslash is one between single quotes, too.
    text += "".join(f"#SBATCH {option}\n".replace("\\", "\\\\") for option in _options(options))
    text += _reserved(plan) + _CONFIG_FOLDER
    contained = not {"container-image", "container-name"}.isdisjoint(step)
    if contained and not _mounted(plan, step):
        text += f'workdir="$(cd -- {workdir(plan)} && pwd)"\nreadonly workdir\n'
    return [Artifact(NAME, text + "\n" + _run(plan, step, contained))]


def _is_of_step(name: str) -> bool:
    """Whether an option makes a container: the batch script runs outside, where scontrol is."""
    return name == "container" or name.startswith(("container-", "no-container-"))


def _mounted(plan: Plan, step: dict[str, object]) -> bool:
    """Whether the user's own mounts bring the folder where the job runs: the host may have none of its name."""
    setting = plan.spec.settings.get("launch.workdir")
    folder = os.path.normpath(str(setting.value)) if setting else ""
    mounts = str(step.get("container-mounts") or "").split(",")
    # SRC:DST:FLAGS, or SRC, which is there under its own name.
    places = [os.path.normpath([*mount.split(":"), mount][1]) for mount in mounts if mount]
    return os.path.isabs(folder) and any(
        os.path.commonpath((folder, place)) == place for place in places if os.path.isabs(place)
    )


def _derived(plan: Plan, given: dict[str, object]) -> dict[str, object]:
    """One task a node: the launcher there starts the processes."""
    hardware = plan.hardware
    stem = os.path.splitext(os.path.basename(plan.spec.source.name))[0]
    options: dict[str, object] = {
        "job-name": f"{stem}-{plan.spec.target}" if plan.spec.target else stem,
        "nodes": hardware.nodes,
        "ntasks-per-node": 1,
    }
    asked = any(name in given for name in _GPUS)
    asked = asked or any("gpu" in str(given.get(name)) for name in ("gres", "tres-per-task"))
    if hardware.accelerator_name != "cpu" and not asked:
        options["gpus-per-node"] = hardware.devices_per_node
    return options


def _options(options: dict[str, object]) -> list[str]:
    """As words of a shell, each on one line."""
    return [
        f"--{name}" if value is True else f"--{name}={shlex.quote(' '.join(str(value).splitlines()))}"
        for name, value in options.items()
        if value is not False and value is not None
    ]


def _reserved(plan: Plan) -> str:
    """Which devices of those allocated are left for a server."""
    per_node, nodes = plan.hardware.devices_per_node or 1, plan.hardware.nodes or 1
    training = (plan.parallel.world or 1) // nodes
    # Which devices are seen, the user may have said.
    if training >= per_node or not _VISIBLE.isdisjoint(plan.spec.section("launch.env")):
        return ""
    first, last = training, per_node - 1
    devices = f"devices {first} to {last}" if last > first else f"device {last}"
    of_node = " of each node" if nodes > 1 else ""
    return f"# Reserved: {devices}{of_node}; the training uses the first {training}.\n"


def _run(plan: Plan, step: dict[str, object], contained: bool) -> str:
    """srun's command. Of what was allocated it takes all, but for the CPUs; on other nodes than the files are for,
    as where sbatch was given another number by hand, it starts nothing."""
    nodes = plan.hardware.nodes
    start = [
        f"exec srun --nodes={nodes} --ntasks={nodes} --kill-on-bad-exit=1 --export=ALL",
        '${SLURM_CPUS_PER_TASK:+--cpus-per-task="$SLURM_CPUS_PER_TASK"}',
        *_options({name: value for name, value in step.items() if not contained or name != "container-mounts"}),
    ]
    if contained:
        mounts = step.get("container-mounts")
        own = '"$config_folder:$config_folder' + ('"' if _mounted(plan, step) else ',$workdir:$workdir"')
        start.append(f"--container-mounts={shlex.quote(f'{mounts},') if isinstance(mounts, str) else ''}{own}")
    if nodes == 1:
        return " \\\n  ".join([*start, 'bash "$config_folder/launch.sh"']) + "\n"
    launch = """bash -c 'NODE_RANK="$SLURM_NODEID" exec bash "$0"' "$config_folder/launch.sh\""""
    return _RENDEZVOUS + " \\\n  ".join([*start, launch]) + "\n"
