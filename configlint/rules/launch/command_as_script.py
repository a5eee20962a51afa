"""`script` is a command line or a shell script, or `module` is a file name.

The launcher treats the whole of `script` as the name of one Python file: the job fails at its start because the
file does not exist or is not Python. `module: train.py` means the module `py` in a package `train`, which does not
exist either. TRL's own scripts are modules: `trl.scripts.sft`.

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
from configlint.core.regex import regex
from configlint.core.remedy import Move, Put, Remedy, Say
from configlint.core.rule import Finding, rule

_PATH, _MODULE, _SETUP = "launch.script", "launch.module", "launch.setup"
_TRL = regex(r"(?:trl |trl\.scripts\.)([a-z_]+)(?: .*)?")
_STARTERS = ("accelerate", "bash", "deepspeed", "python", "python3", "sh", "srun", "torchrun", "uv")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    module, script = plan.launch.module, plan.launch.script
    if module and module.endswith(".py"):
        message = f"`{plan.name(_MODULE)}` must be a module name, got the file name {module}"
        name = module[:-3]
        yield Finding(_MODULE, message, [Move(_MODULE, _PATH, f"{name.replace('.', '/')}.py"), Put(_MODULE, name)])
    if script is None or not plan.given(_PATH):
        return
    if named := _TRL.fullmatch(script):
        module = f"trl.scripts.{named[1]}"
        message = f"the launcher treats `{script}` as the name of a file, but TRL's scripts are modules"
        yield Finding(_PATH, message, [Move(_PATH, _MODULE, module, why=f"instead of `{plan.name(_PATH)}`")])
        return
    first, *rest = script.split()
    whole = f"the launcher treats the whole of `{script}` as one file name"
    if rest and first in _STARTERS:
        yield Finding(_PATH, whole, [_without_command(plan, rest)])
    # A name may hold blanks; what comes behind .py, or begins with a hyphen, is meant as an argument.
    elif re.search(r"\s-|\.py\s", script):
        name = re.split(r"\s-|(?<=\.py)\s", script, maxsplit=1)[0].rstrip()
        yield Finding(_PATH, whole, [Put(_PATH, name, why="its arguments go under `arguments`")])
    elif script.endswith((".sh", ".bash", ".sbatch", ".slurm")):
        message = f"`{plan.name(_PATH)}` must be a Python script, got the shell script {script}"
        help = f"write the Python script that it starts and put the commands before it in `{plan.name(_SETUP)}`"
        yield Finding(_PATH, message, [Say(help, needs=(_SETUP,))])


def _without_command(plan: Plan, words: list[str]) -> Remedy:
    """The script that a command starts; its arguments are the script's own."""
    files = [word for word in words if word.endswith(".py")]
    if not files:
        return Say(f"write the path of the training script alone, or its module as `{plan.name(_MODULE)}`")
    has_arguments = words[-1] != files[0]
    why = "its arguments go under `arguments`" if has_arguments else "configlint writes the launcher's command"
    return Put(_PATH, files[0], why=why)
