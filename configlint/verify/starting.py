"""The launcher's command and file, read by torchrun and Accelerate, which start nothing; part of ask_readers.py.

Both end in torchrun's arguments, on each node.
"""

from __future__ import annotations

import os
from contextlib import redirect_stderr
from importlib import import_module
from io import StringIO
from typing import Any

from configlint.verify.reading import Otherwise, compare, read, refused

_USE, _PREFIX = "ACCELERATE_USE_PARALLELISM_CONFIG", "PARALLELISM_CONFIG_"


def launch(job: dict[str, Any]) -> list[dict[str, Any]]:
    """What comes of each file: of all, or of the one that is refused."""
    files, by = job["files"], job["package"]
    said = StringIO()
    try:
        understand = _READERS[by]
        by = f"{by} {import_module(by).__version__.partition('+')[0]}"
        for node, words in enumerate(job["commands"]):
            with redirect_stderr(said):
                found = understand(words[len(job["launcher"]) :], job["planned"])
            compare({**job["planned"], "the node's rank": node}, found)
    except ImportError as error:
        return [refused(name, by, error) for name in files]
    except SystemExit:
        # From argparse, which prints: `train.py: error: unrecognized arguments: --nodes`.
        reason = (said.getvalue().splitlines() or [""])[-1].partition("error: ")[2]
        return [refused("launch.sh", by, ValueError(reason))]
    except Exception as error:
        return [refused(files[-1], by, error)]
    return [read(name, by) for name in files]


def _torchrun(words: list[str], planned: dict[str, Any]) -> dict[str, Any]:
    from torch.distributed.run import get_args_parser

    return _started(get_args_parser().parse_args(words))


def _accelerate(words: list[str], planned: dict[str, Any]) -> dict[str, Any]:
    """As accelerate 1.15 commands/launch.py, multi_gpu_launcher, up to the start."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils import launch
    from torch.distributed.run import get_args_parser

    given, _, _ = _validate_launch_command(launch_command_parser().parse_args(words))
    if not given.multi_gpu:
        raise Otherwise("starts one process without a rank")
    # Which ports of this host are taken says nothing of the job's.
    module: Any = launch
    module.is_port_in_use, module.get_free_port = lambda port: False, lambda: 29500
    environment = launch.prepare_multi_gpu_env(given)
    script = ["--training_script", given.training_script, "--training_script_args", given.training_script_args]
    started = _started(launch._filter_args(given, get_args_parser(), script))
    return {**started, "the mesh": _mesh(environment, planned["the mesh"])}


# By the package that reads the command, which is given without the launcher's own words.
_READERS = {"torch": _torchrun, "accelerate": _accelerate}


def _mesh(environment: dict[str, str], planned: dict[str, str]) -> dict[str, str | None]:
    """The variables that make a mesh: those that are planned, and any size beside them that is more than 1."""
    others = {
        name: value
        for name, value in environment.items()
        if name == _USE or (name.startswith(_PREFIX) and name.endswith("_SIZE") and value != "1")
    }
    return {**others, **{name: environment.get(name) for name in planned}}


def _started(arguments: Any) -> dict[str, Any]:
    """What torchrun would start on a node."""
    from torch.distributed.run import config_from_args

    arguments.log_dir = os.devnull  # else a folder is made
    config, _, _ = config_from_args(arguments)
    script = arguments.training_script
    return {
        "the number of nodes": config.min_nodes if config.min_nodes == config.max_nodes else arguments.nnodes,
        "the processes of a node": config.nproc_per_node,
        "the node's rank": int(arguments.node_rank),
        **({"the module": script} if arguments.module else {"the script": os.path.normpath(script)}),
        "the script's arguments": list(arguments.training_script_args),
    }
