"""Plan to files. A new back end is a module and a line here."""

from __future__ import annotations

from typing import Protocol

from configlint.artifact import Artifact
from configlint.backends import accelerate, distributed_config, launch, plan_json, training_args
from configlint.plan import Plan


class BackEnd(Protocol):
    def emit(self, plan: Plan) -> list[Artifact]:
        """The files that the plan asks for; none where it asks for none of this kind."""


BACK_ENDS: dict[str, BackEnd] = {
    "training_args": training_args,
    "launch": launch,
    "accelerate": accelerate,
    "distributed_config": distributed_config,
    "plan": plan_json,
}


def emit(plan: Plan) -> list[Artifact]:
    """All files of a plan; plan.json, the last, lists them."""
    others = [
        artifact for back_end in BACK_ENDS.values() if back_end is not plan_json for artifact in back_end.emit(plan)
    ]
    return [*others, *plan_json.emit(plan, [artifact.name for artifact in others])]


def not_yet(plan: Plan) -> str | None:
    """What the plan asks for that no back end can write: nothing is better than something else."""
    parallel = plan.parallel
    for kind in ("context", "sequence"):
        if getattr(parallel, kind) != 1:
            return f"{kind} parallelism cannot be compiled yet"
    if parallel.data == "fsdp" and parallel.shard not in (None, parallel.replicas):
        return f"fsdp with shard {parallel.shard} of {parallel.replicas} (HSDP) cannot be compiled yet"
    if parallel.tensor != 1 and str(parallel.data).startswith("zero"):
        return f"tensor parallelism together with {parallel.data} cannot be compiled yet"
    if parallel.tensor != 1 and plan.spec.tree("parallel.fsdp"):
        return "keys of parallel.fsdp together with tensor parallelism cannot be compiled yet"
    if plan.given("launch.slurm"):
        return "launch.slurm cannot be compiled yet: there is no job.sbatch"
    return None
