"""The job writes its output to a folder that Slurm does not create.

If the folder is missing when the job starts, the job fails at once, without a log that says why.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {output: logs/%j.out}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {output: "%x-%j.out"}}

Source: Slurm 22.05 sbatch(1), --output; run: such a job is FAILED, JobLaunchFailure
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.rules.launch import asks_for_slurm

_NAMES = ("output", "error")


@rule(Severity.INFO, when=asks_for_slurm)
def check(plan: Plan) -> Iterator[Finding]:
    options = plan.spec.section("launch.slurm")
    # Where Slurm itself goes first, a relative path is meant from there.
    start = str(options.get("chdir") or options.get("D") or "")
    for name in _NAMES:
        folder, slash, _ = str(options.get(name, "")).rpartition("/")
        # What is there on every machine, or is the folder itself.
        if slash and folder not in ("", ".", "/dev", "/tmp"):
            message = f"the folder `{folder}` must exist: Slurm does not create it, and the job fails without a log"
            place = posixpath.join(start, folder)
            make = "create it" if "%" in place else f"run `mkdir -p {shlex.quote(place)}`"
            yield Finding(f"launch.slurm.{name}", message, [Say(f"{make} before sbatch")])
