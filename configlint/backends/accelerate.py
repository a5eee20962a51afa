"""accelerate.yaml: what `accelerate launch` starts. Batch, precision and sharding are the JSON's.

Source: accelerate 1.15 commands/config/config_args.py (the keys; an unknown one is refused) and
commands/launch.py (only MULTI_* start several processes; MULTI_CPU and NO start one, so that CPU
processes are asked for as MULTI_GPU too: the JSON's use_cpu is what puts them on the CPU).
"""

from __future__ import annotations

from configlint.artifact import Artifact
from configlint.plan import Plan

_TYPES = {"intel": "MULTI_HPU"}


def emit(plan: Plan) -> list[Artifact]:
    if plan.launch.launcher != "accelerate" or not (plan.launch.script or plan.launch.module):
        return []
    vendor = plan.hardware.accelerator.vendor if plan.hardware.accelerator else None
    several = (plan.parallel.world or 1) > 1
    one_node = plan.hardware.nodes == 1
    fields = {
        "compute_environment": "LOCAL_MACHINE",
        "debug": "false",
        "distributed_type": _TYPES.get(vendor or "", "MULTI_GPU") if several else "'NO'",
        # Quoted: an unquoted no is false to PyYAML, and accelerate fails on that.
        "mixed_precision": "'no'",
        "machine_rank": "0",
        # 0 is any free port, so that two jobs can share a host; several nodes must agree on one.
        **({"main_process_port": "0"} if one_node else {}),
        "main_training_function": "main",
        "num_machines": str(plan.hardware.nodes),
        "num_processes": str(plan.parallel.world),
        "use_cpu": "false",
    }
    return [Artifact("accelerate.yaml", "".join(f"{key}: {fields[key]}\n" for key in sorted(fields)))]
