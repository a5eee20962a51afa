"""An option of sbatch does not go with a job that starts one training.

Each element of an array would train the same, into the same output_dir. `test-only` never starts the job, and
`wrap`, `help`, `usage` and `version` are not looked at in a script.

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
from configlint.core.rule import Finding, rule

_UNFIT = {
    **{name: (Severity.WARNING, f"sbatch passes over {name} in a script") for name in ("help", "usage", "version")},
    "array": (Severity.WARNING, "each element of the array trains the same, into the same output_dir"),
    "test-only": (Severity.ERROR, "with test-only the job is never started"),
    "wrap": (Severity.WARNING, "sbatch passes over wrap in a script"),
}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for name, value in plan.spec.section("launch.slurm").items():
        # One after another, the elements resume from each other's checkpoints.
        chained = name == "array" and str(value).endswith("%1")
        if name in _UNFIT and value is not False and not chained:
            severity, message = _UNFIT[name]
            yield Finding(f"launch.slurm.{name}", message, "leave it out", severity, on_key=True)
