"""An option of sbatch does not go with a job that starts one training.

Each element of an array would train the same, into the same output_dir. `test-only` never starts the job.
`wrap` is not looked at in a script. With `gpu-bind` a task sees those devices alone that it is bound to, and here
the one task of a node needs all of them.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {partition: gpu, gpu-bind: "single:1"}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {partition: gpu, gpu-bind: none}}

Source: Slurm 22.05 sbatch(1); run: sbatch accepts `#SBATCH --wrap=hostname` and runs the script
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule

_UNFIT = {
    "array": (Severity.WARNING, "each element of the array trains the same, into the same output_dir"),
    "test-only": (Severity.ERROR, "with test-only the job is never started"),
    "wrap": (Severity.WARNING, "sbatch passes over wrap in a script"),
}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    devices = plan.hardware.devices_per_node or 1
    for name, value in plan.spec.section("launch.slurm").items():
        path, text = f"launch.slurm.{name}", str(value)
        if value is not False and name in _UNFIT:
            severity, message = _UNFIT[name]
            yield Finding(path, message, "leave it out", severity, on_key=True)
        elif name == "gpu-bind" and devices > 1 and _hides(text):
            message = f"gpu-bind {text} hides devices from the one task that starts the processes of all {devices}"
            yield Finding(path, message, "leave it out", None if "closest" not in text else Severity.WARNING)


def _hides(binding: str) -> bool:
    """Whether a task sees some of its node's devices only; with `closest` it is those near its CPUs."""
    return any(word in binding for word in ("closest", "map_gpu", "map:", "mask", "per_task", "single"))
