"""An option is none of sbatch's.

sbatch refuses the whole job for it, and only when it is submitted. Options have hyphens where the fields of other
launchers have underscores. Those of pyxis, `container-image` and its like, go to srun, which refuses others.

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
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.launch._sbatch import OF_SRUN, OPTIONS, PYXIS, meant


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    for name in plan.spec.section("launch.slurm"):
        if name in (*OPTIONS, *PYXIS) or not re.fullmatch(r"\w[\w-]*", name):
            continue  # what is no name at all is told of as that
        path, message = f"launch.slurm.{name}", f"sbatch has no option `{name}`"
        hyphened = name.replace("_", "-")
        if hyphened.removeprefix("no-").startswith("container-"):
            message = f"neither sbatch nor pyxis has an option `{name}`"
        if name in OF_SRUN:
            yield Finding(path, f"{message}: it is srun's", "leave it out", on_key=True)
        elif option := meant(plan, name):
            fix = Change(path, key=hyphened) if hyphened in (*OPTIONS, *PYXIS) else None
            yield Finding(path, message, f"did you mean `{option}`?", on_key=True, fix=fix)
        else:
            help = "leave it out, unless a plugin of your cluster adds it"
            yield Finding(path, message, help, Severity.WARNING, on_key=True)
