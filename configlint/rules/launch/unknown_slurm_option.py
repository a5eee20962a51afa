"""sbatch has no such option.

sbatch then rejects the whole job, at submission. Its options have hyphens where other launchers have underscores.
It takes the beginning of a name, `depend`, as long as no other option begins so, which is a warning.
Options of pyxis, such as `container-image`, are passed to srun, which rejects unknown ones too.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {partition: gpu, cpus_per_task: 12}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {partition: gpu, cpus-per-task: 12}}

Source: Slurm 22.05 sbatch(1); NVIDIA/pyxis, wiki, Usage
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Move, Say
from configlint.core.rule import Finding, rule
from configlint.rules.launch import asks_for_slurm
from configlint.rules.launch._sbatch import ALSO, OF_SRUN, OPTIONS, PYXIS, begun, meant


@rule(Severity.ERROR, fixes=True, when=asks_for_slurm)
def check(plan: Plan) -> Iterator[Finding]:
    for name in plan.spec.section("launch.slurm"):
        if name in (*OPTIONS, *PYXIS) or not re.fullmatch(r"\w[\w-]*", name):
            continue  # what is no name at all is reported as that
        path, message = f"launch.slurm.{name}", f"sbatch has no option `{name}`"
        hyphened = name.replace("_", "-")
        if hyphened.removeprefix("no-").startswith("container-"):
            message = f"neither sbatch nor pyxis has an option `{name}`"
        if name in OF_SRUN:
            yield Finding(path, f"`{name}` is an option of srun, not of sbatch", [Drop(path)], on_key=True)
        elif hyphened in (*OPTIONS, *PYXIS):
            yield Finding(path, message, [Move(path, f"launch.slurm.{hyphened}", safe=True)], on_key=True)
        elif option := begun(name):
            message = f"`{name}` is short for sbatch's `{option}`; a newer Slurm may reject it as ambiguous"
            # `cores` is not what most mean by it.
            move = Move(path, f"launch.slurm.{ALSO.get(name, option)}", safe=name not in ALSO)
            yield Finding(path, message, [move], Severity.WARNING, on_key=True)
        elif option := meant(plan, name):
            yield Finding(path, message, [Move(path, f"launch.slurm.{option}")], on_key=True)
        else:
            help = Say("remove it unless a plugin of your cluster adds it")
            yield Finding(path, message, [help], Severity.WARNING, on_key=True)
