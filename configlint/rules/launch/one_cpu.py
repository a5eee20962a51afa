"""The Slurm job requests no CPUs.

By Slurm's default a task gets one CPU, and the single task of a node starts all of its processes: they and their
data loader workers share that CPU while the devices wait for data.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {partition: gpu}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {partition: gpu, cpus-per-task: 96}}

Source: Slurm 22.05 sbatch(1), --cpus-per-task; slurm.conf(5), DefCpuPerGPU; run: a job of 4 nodes gets 4 CPUs
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Say
from configlint.core.rule import Finding, rule
from configlint.rules.launch import asks_for_slurm
from configlint.rules.launch._sbatch import OPTIONS, meant

_ASKING = ("cores-per-socket", "cpus-per-gpu", "cpus-per-task", "exclusive", "extra-node-info", "mincpus")


@rule(Severity.INFO, when=asks_for_slurm)
def check(plan: Plan) -> Iterator[Finding]:
    section = plan.spec.settings.get("launch.slurm")
    if section is None or not section.mapping:
        return
    options = plan.spec.section("launch.slurm")
    asked = any(value is not False and _meant(plan, name) in _ASKING for name, value in options.items())
    processes = (plan.parallel.world or 1) // (plan.hardware.nodes or 1)
    if processes > 1 and not asked and "cpu" not in str(options.get("tres-per-task")):
        name = plan.name("launch.slurm")
        message = f"`{name}` requests no CPUs: by Slurm's default the {processes} processes of a node share one"
        more = Say("set `cpus-per-task` to the number of CPUs of a node")
        yield Finding("launch.slurm", message, [Put("launch.slurm.exclusive", True), more], on_key=True)


def _meant(plan: Plan, name: str) -> str | None:
    """An option; of a misspelt one, which is reported, the one that was meant."""
    return name if name in OPTIONS else meant(plan, name)
