"""What is to be started is a command line, a script of the shell's, or as a module a file.

The launcher takes all of it for the name of one file, and starts Python with that file: it finds none, or reads
what is no Python. As a module `train.py` is `py` in the package `train`, which there is not.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py --model llama}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py}
    arguments: {model: llama}

Source: torch 2.13 distributed/run.py, config_from_args (training_script); accelerate 1.15 utils/launch.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_PATH = "launch.script"
_STARTERS = ("accelerate", "bash", "deepspeed", "python", "python3", "sh", "srun", "torchrun", "uv")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    module, script = plan.launch.module, plan.launch.script
    if module and module.endswith(".py"):
        message = f"`{module}` is a file, and the launcher looks for a module `py` in a package"
        name = module[:-3]
        help = f"write `script: {name.replace('.', '/')}.py`, or `module: {name}`"
        yield Finding("launch.module", message, help)
    if script is None or not plan.given(_PATH):
        return
    first, *rest = script.split()
    if rest and first in _STARTERS:
        message = f"`{script}` starts a program, and the launcher takes it for the name of one file"
        yield Finding(_PATH, message, "write the training script alone: configlint writes the launcher's command")
    # A name may hold blanks; what comes behind .py, or begins with a hyphen, is meant as an argument.
    elif re.search(r"\s-|\.py\s", script):
        name = re.split(r"\s-|(?<=\.py)\s", script, maxsplit=1)[0].rstrip()
        message = f"the launcher takes `{script}` for the name of one file, arguments and all"
        yield Finding(_PATH, message, f"write `script: {name}`; what its parser reads goes to `arguments`")
    elif script.endswith((".sh", ".bash", ".sbatch", ".slurm")):
        message = f"`{script}` is run by the shell, and the launcher starts Python with it"
        yield Finding(_PATH, message, "write the training script; what goes before it can stand in `setup`")
