"""Plan to files. A new back end is a module and a line here."""

from __future__ import annotations

from configlint.backends import accelerate, deepspeed, distributed_config, launch, plan_json, slurm, training_args
from configlint.backends.mesh import unreadable as unreadable
from configlint.core.artifact import Artifact
from configlint.core.plan import Plan
from configlint.core.typing import Protocol


class BackEnd(Protocol):
    def emit(self, plan: Plan) -> list[Artifact]:
        """The files that the plan asks for; none where it asks for none of this kind."""


BACK_ENDS: dict[str, BackEnd] = {
    "training_args": training_args,
    "launch": launch,
    "slurm": slurm,
    "accelerate": accelerate,
    "distributed_config": distributed_config,
    "plan": plan_json,
}
# What another file holds already: made where it is asked for by its name.
ON_DEMAND: dict[str, BackEnd] = {"deepspeed": deepspeed}
# The setting that makes a file, by the file's name.
MADE_BY = {
    "accelerate": "launch.launcher: accelerate",
    "deepspeed": "parallel.data: zero2",
    "job": "launch.slurm: {}",
    "launch": "launch.script: train.py",
}


def emit(plan: Plan) -> list[Artifact]:
    """All files of a plan; plan.json, the last, lists them."""
    others = [
        artifact for back_end in BACK_ENDS.values() if back_end is not plan_json for artifact in back_end.emit(plan)
    ]
    return [*others, *plan_json.emit(plan, others)]
