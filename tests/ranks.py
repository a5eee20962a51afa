"""What `bash launch.sh` starts, without a launcher's start-up: `python ranks.py [MODULE…]`, the folder of a
compiled job a line on stdin, an answer a line on stdout, both JSON: {ranks, seconds, error}. The modules are what
takes long to import in the scripts of these jobs, beside what all jobs need.

launch.sh itself runs, with launchers that only say what they were asked for: where, with which environment, which
script, on how many ranks; of `accelerate launch` its own code makes that of its file. The ranks are forked off
this process, which has imported what is heavy, so that a job takes seconds; a launcher and what each of its ranks
imports take half a minute on a small machine.
"""

import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

SAYS = '#!/usr/bin/env bash\nprintf "%s\\0" "$PWD" "$#" "${0##*/}" "$@"\nenv -0\n'
TIMEOUT_SECONDS = 120


class Launch(NamedTuple):
    """What launch.sh asks a launcher for."""

    folder: str
    environment: dict[str, str]
    ranks: int
    script: str
    arguments: list[str]


def main():
    # Libraries print; only the answers go to stdout.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import_what_is_heavy(sys.argv[1:])
    gc.freeze()  # what a child does not touch is not copied
    for line in sys.stdin:
        started = time.monotonic()
        launch = asked_for(json.loads(line))
        error = run(launch)
        seconds = round(time.monotonic() - started, 1)
        answers.write(json.dumps({"ranks": launch.ranks, "seconds": seconds, "error": error}) + "\n")
        answers.flush()


def import_what_is_heavy(modules):
    os.environ |= {"DS_ACCELERATOR": "cpu", "CUDA_VISIBLE_DEVICES": ""}  # the same where there are GPUs
    import accelerate.commands.launch  # noqa: F401
    import deepspeed.ops
    import torch
    import torch.distributed.fsdp
    import torch.distributed.run
    import torch.distributed.tensor
    import transformers.models.llama.modeling_llama
    import transformers.trainer  # noqa: F401

    for module in modules:
        import_module(module)
    torch.set_num_threads(1)  # as torchrun has it
    # On CPU DeepSpeed compiles an operator at its first use, for 100 s, that reduces through shared memory; where
    # it takes none of its operators for compatible with the machine, gloo does it.
    deepspeed.ops.__compatible_ops__ = {}


def asked_for(folder):
    """What the launch.sh of a folder asks for."""
    with tempfile.TemporaryDirectory() as stand_ins:
        for name in ("torchrun", "accelerate"):
            launcher = Path(stand_ins, name)
            launcher.write_text(SAYS)
            launcher.chmod(0o755)
        environment = {**os.environ, "PATH": f"{stand_ins}{os.pathsep}{os.environ['PATH']}"}
        command = ["bash", str(Path(folder, "launch.sh"))]
        said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    where, count, launcher, *rest = said.removesuffix("\0").split("\0")
    words, variables = rest[: int(count)], rest[int(count) :]
    asked, environment = read(launcher, words, dict(variable.split("=", 1) for variable in variables))
    script = asked.training_script, asked.training_script_args
    return Launch(where, environment, int(asked.nproc_per_node), *script)


def read(launcher, words, environment):
    """A launcher's command line as its own code reads it, and the environment that it gives to the ranks."""
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.run import get_args_parser

    if launcher == "torchrun":
        return get_args_parser().parse_args(words), environment
    started = []
    with (
        patch.dict(os.environ, environment, clear=True),
        patch("torch.distributed.run.run", lambda asked: started.append((asked, dict(os.environ)))),
    ):
        launch_command(launch_command_parser().parse_args(words[1:]))
    return started[0]


def run(launch):
    """Run all ranks; None, or the end of what the first that failed printed. The others would wait for it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as logs:
        children = {fork(launch, rank, port, Path(logs, str(rank))): rank for rank in range(launch.ranks)}
        error = None
        while children:
            child, status = os.wait()
            rank = children.pop(child)
            if status and error is None:
                said = Path(logs, str(rank)).read_text(errors="replace")
                error = f"rank {rank} ended with {status}: {said[-3000:]}"
                for other in children:
                    os.kill(other, signal.SIGKILL)
    return error


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def fork(launch, rank, port, log):
    """Start a rank as torchrun does: in the job's folder, the script as the main module. Gives the process."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.alarm(TIMEOUT_SECONDS)
        with log.open("w") as file:
            for stream in (1, 2):
                os.dup2(file.fileno(), stream)
        os.environ.clear()
        own = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": launch.ranks, "LOCAL_WORLD_SIZE": launch.ranks}
        own |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        os.environ.update(launch.environment | {name: str(value) for name, value in own.items()})
        os.chdir(launch.folder)
        sys.argv = [launch.script, *launch.arguments]
        sys.path[0] = str(Path(launch.script).parent)
        runpy.run_path(launch.script, run_name="__main__")
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
