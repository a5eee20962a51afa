"""accelerate.yaml: what `accelerate launch` starts. Batch, precision and sharding are the JSON's.

Source: accelerate 1.15 commands/config/config_args.py (the keys; an unknown one is refused) and
commands/launch.py (only the MULTI_* types start processes with ranks, also a single one; which of them
makes no difference there. MULTI_CPU and NO start one without: on a host with several devices the Trainer
would wrap the model in nn.DataParallel and multiply the batch, and on a CPU there would be one process).
"""

from __future__ import annotations

from configlint.backends import mesh
from configlint.core.artifact import Artifact
from configlint.core.plan import Plan
from configlint.knowledge.launchers import find_launcher

_NAME = "accelerate.yaml"


def emit(plan: Plan) -> list[Artifact]:
    if find_launcher(plan.launch.launcher).file != _NAME or not (plan.launch.script or plan.launch.module):
        return []
    fields = {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "MULTI_GPU",
        # 0 is any free port, so that two jobs can share a host; several nodes must agree on one.
        **({"main_process_port": "0"} if plan.hardware.nodes == 1 else {}),
        # Quoted: an unquoted no is false to PyYAML, and accelerate fails on that.
        "mixed_precision": "'no'",
        "num_machines": str(plan.hardware.nodes),
        "num_processes": str(plan.parallel.world),
    }
    lines = ["# The Trainer reads the batch and the precision from training_args.json."]
    lines += [f"{key}: {value}" for key, value in fields.items()]
    if sizes := mesh.keys(plan):
        lines += ["parallelism_config:", *(f"  {key}: {value}" for key, value in sizes.items())]
    return [Artifact(_NAME, "".join(f"{line}\n" for line in lines))]
