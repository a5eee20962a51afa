"""launch.sh: process counts and the variables of the spec, and the way to the script."""

from __future__ import annotations

import os
import re
import shlex
import textwrap

from configlint.backends import mesh, training_args
from configlint.core.arithmetic import is_power_of_two
from configlint.core.artifact import Artifact
from configlint.core.digests import cksum
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.knowledge import variables
from configlint.knowledge.launchers import Launcher, find_launcher

_VLLM_PORT = 8000  # the server's default


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
        *_own_config(plan),
        f"cd -- {workdir(plan)}",
        *_environment(plan, is_read=False),
        *([launch.setup.rstrip("\n")] if launch.setup else []),
        *_forgotten(),
        *_environment(plan, is_read=True),
        *_own_mesh(plan),
        *_start(plan),
    ]
    return [Artifact("launch.sh", "\n".join(lines) + "\n", executable=True, note=_server_first(plan))]


def _server_first(plan: Plan) -> str | None:
    """What to start before: nothing here starts vLLM's server, and its devices are those that do not train."""
    nodes, devices, reserved = plan.hardware.nodes, plan.hardware.devices_per_node, plan.hardware.reserved
    if nodes != 1 or not devices or not reserved:
        return None
    if plan.argument("use_vllm") is not True or plan.argument("vllm_mode") != "server":
        return None
    numbers = [str(number) for number in range(devices)]
    train, serve = numbers[:-reserved], numbers[-reserved:]
    accelerator = plan.hardware.accelerator
    is_cuda = accelerator is not None and accelerator.vendor == "nvidia"
    visible = f"CUDA_VISIBLE_DEVICES={','.join(serve)} " if is_cuda else ""
    where = "" if is_cuda else f" on {_devices(serve)}"
    when = "in the background in `launch.setup`" if plan.given("launch.slurm") else "first"
    trains = f"{_devices(train)} train{'s' if len(train) == 1 else ''}"
    return f"start the vLLM server{where} {when}: `{visible}{_serving(plan, reserved)}`; {trains}"


def _serving(plan: Plan, devices: int) -> str:
    """The command of TRL's that serves the model. Other numbers than these rarely divide its attention heads.
    Source: trl 0.16 to 1.16 scripts/vllm_serve.py, ScriptArguments"""
    model = plan.spec.settings.get("arguments.model_name_or_path")
    words = ["trl", "vllm-serve", "--model", str(model.value) if model else "MODEL"]
    if devices > 1 and is_power_of_two(devices):
        words += ["--tensor_parallel_size", str(devices)]
    port = plan.argument("vllm_server_port")
    if port not in (None, _VLLM_PORT):
        words += ["--port", str(port)]
    return shlex.join(words)


def _devices(numbers: list[str]) -> str:
    first, *_, last = numbers * 2
    return f"device {first}" if first == last else f"devices {first} to {last}"


def _own_config(plan: Plan) -> list[str]:
    """Another JSON beside it, as an edit or half a copy leaves it, would be another batch."""
    (config,) = training_args.emit(plan)
    return [
        f'compiled_with="{cksum(config.data)}"',
        f'if [[ -z $CONFIGLINT_ANY_CONFIG && $(cksum <"$config_folder/{config.name}") != "$compiled_with" ]]; then',
        f'  echo "launch.sh: {config.name} is not the file that launch.sh was compiled with:" \\',
        '    "compile again, or set CONFIGLINT_ANY_CONFIG=1 to train with it anyway" >&2',
        "  exit 1",
        "fi",
    ]


def _mesh(plan: Plan) -> str:
    batch, hardware, parallel = plan.batch, plan.hardware, plan.parallel
    return (
        f"{batch.trained} samples per step = {batch.per_device} per device x {batch.accumulation} accumulated"
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


def _environment(plan: Plan, is_read: bool) -> list[str]:
    """The variables of the spec: those that say what it says elsewhere, which only who ignores the finding has, or
    all others."""
    return [
        f"export {name}={shlex.quote(str(value))}"
        for name, value in plan.spec.section("launch.env").items()
        if variables.is_read(name) is is_read
    ]


def _forgotten() -> list[str]:
    """What another job left in the environment would be another precision, another mesh, another batch."""
    starts = tuple(name[:-1] for name in variables.patterns() if name.endswith("*"))
    names = [name for name in variables.patterns() if not name.startswith(starts)]
    words = [*(f'"${{!{start}@}}"' for start in starts), *names]
    lines = textwrap.wrap(" ".join(words), width=108, break_long_words=False, break_on_hyphens=False)
    return ["# Left over from another job, these would change what is trained.", "unset " + " \\\n  ".join(lines)]


def _own_mesh(plan: Plan) -> list[str]:
    """The mesh, where the launcher has none from its own file."""
    if find_launcher(plan.launch.launcher).file:
        return []
    return [f"export {name}={shlex.quote(value)}" for name, value in mesh.environment(plan).items()]


def _start(plan: Plan) -> list[str]:
    """The launcher's command. Of several nodes each runs this file; NODE_RANK and MASTER_ADDR come from
    whoever starts it."""
    nodes = plan.hardware.nodes or 1
    lines = [" ".join(word.text for word in line) for line in _command(plan, 0, "")]
    command = "exec " + " \\\n  ".join(lines)
    if nodes == 1:
        return [command]
    return [
        f': "${{NODE_RANK:?set NODE_RANK to the number of this node, 0 to {nodes - 1}}}"',
        ': "${MASTER_ADDR:?set MASTER_ADDR to the address of node 0}"',
        command,
    ]


def commands(plan: Plan, folder: str) -> list[list[str]]:
    """The words of the launcher's command on each node, where node 0 is this host and the files are in `folder`."""
    nodes = range(plan.hardware.nodes or 1)
    return [[word.value for line in _command(plan, node, folder) for word in line] for node in nodes]


class _Word(NamedTuple):
    """As it stands in the file, and what the shell makes of it."""

    text: str
    value: str


def _command(plan: Plan, node: int, folder: str) -> list[list[_Word]]:
    """In lines, on one node."""
    launch, launcher = plan.launch, find_launcher(plan.launch.launcher)
    start = [_called(plan, launcher, folder)]
    if plan.hardware.nodes not in (None, 1):
        start.append(_rendezvous(node, *launcher.rendezvous))
    # A script whose name starts with a hyphen is no option of the launcher.
    script = ["-m", launch.module] if launch.module else [re.sub("^-", "./-", launch.script or "")]
    flag = _words(launch.config_flag) if launch.config_flag else []
    return [*start, _words(*script), [*flag, _beside("training_args.json", folder)]]


def _called(plan: Plan, launcher: Launcher, folder: str) -> list[_Word]:
    """The launcher with its options, or with the file that says the same."""
    nodes = plan.hardware.nodes or 1
    options = launcher.one_node if nodes == 1 else launcher.several_nodes
    processes = (plan.parallel.world or 1) // nodes
    words = _words(*launcher.command, *(option.format(processes=processes, nodes=nodes) for option in options))
    if launcher.config:
        option, file = launcher.config
        words += [*_words(option), _beside(file, folder)]
    return words


def _rendezvous(node: int, rank: str, address: str, port: str) -> list[_Word]:
    """Where the nodes meet, under the launcher's names for it."""
    return [
        *_words(rank), _Word('"$NODE_RANK"', str(node)),
        *_words(address), _Word('"$MASTER_ADDR"', "127.0.0.1"),
        *_words(port), _Word('"${MASTER_PORT:-29500}"', "29500"),
    ]  # fmt: skip


def _words(*words: str) -> list[_Word]:
    return [_Word(shlex.quote(word), word) for word in words]


def _beside(name: str, folder: str) -> _Word:
    """A file in the folder that launch.sh is in."""
    return _Word(f'"$config_folder"/{name}', os.path.join(folder, name))
