"""An option of sbatch does not fit a job that starts one training.

All elements of an array run the same training into the same output_dir. With `test-only` the job never starts, and
sbatch ignores `wrap`, `help`, `usage` and `version` in a script.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {partition: gpu, array: 0-3}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {partition: gpu}}

Source: Slurm 22.05 sbatch(1); run: sbatch accepts `#SBATCH --wrap=hostname`, and the script runs;
so it does with `#SBATCH --help`
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.rules.launch import asks_for_slurm

_IGNORED = ("help", "usage", "version", "wrap")
_UNFIT = {
    "array": (Severity.WARNING, "all elements of `array` run the same training into the same `{output_dir}`"),
    "test-only": (Severity.ERROR, "`test-only` checks the job and never starts it"),
    **{name: (Severity.WARNING, f"sbatch ignores `{name}` in a script") for name in _IGNORED},
}


@rule(Severity.ERROR, when=asks_for_slurm)
def check(plan: Plan) -> Iterator[Finding]:
    for name, value in plan.spec.section("launch.slurm").items():
        # One after another, the elements resume from each other's checkpoints.
        chained = name == "array" and str(value).endswith("%1")
        if name in _UNFIT and value is not False and not chained:
            severity, message = _UNFIT[name]
            path, message = f"launch.slurm.{name}", message.format(output_dir=plan.name("training.output_dir"))
            yield Finding(path, message, [Drop(path)], severity, on_key=True)
