"""deepspeed.json, for those who want the file: what training_args.json holds as an object."""

from __future__ import annotations

from configlint.backends.json_text import dump
from configlint.backends.training_args import deepspeed
from configlint.core.artifact import Artifact
from configlint.core.plan import Plan


def emit(plan: Plan) -> list[Artifact]:
    if not plan.parallel.uses_deepspeed:
        return []
    return [Artifact("deepspeed.json", dump(deepspeed(plan)) + "\n")]
