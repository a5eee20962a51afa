"""Slurm is not asked for CPUs.

It gives a task one, if the cluster has no other default, and the one task of a node starts all of its processes:
they and the workers of their data loaders share it, and the devices wait for data.

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
from configlint.core.rule import Finding, rule
from configlint.rules.launch._sbatch import OPTIONS, meant

_ASKING = ("cores-per-socket", "cpus-per-gpu", "cpus-per-task", "exclusive", "extra-node-info", "mincpus")


@rule(Severity.INFO)
def check(plan: Plan) -> Iterator[Finding]:
    section = plan.spec.settings.get("launch.slurm")
    if section is None or not section.mapping:
        return
    options = plan.spec.section("launch.slurm")
    asked = any(value is not False and _meant(plan, name) in _ASKING for name, value in options.items())
    processes = (plan.parallel.world or 1) // (plan.hardware.nodes or 1)
    if processes > 1 and not asked and "cpu" not in str(options.get("tres-per-task")):
        message = f"the {processes} processes of a node share one CPU, where the cluster has no other default"
        help = "add `cpus-per-task: …`, as many as a node has, or `exclusive: true`"
        yield Finding("launch.slurm", message, help, on_key=True)


def _meant(plan: Plan, name: str) -> str | None:
    """An option; of a misspelt one, which is told of, the one that was meant."""
    return name if name in OPTIONS else meant(plan, name)
