"""The trainers that TRL's own scripts build."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.knowledge import trainer_of


def other_trainer(plan: Plan) -> str | None:
    """The trainer that the script builds, where the spec says that it is another."""
    if plan.launch.script:
        return None  # launch/script-and-module: it is open which of them is meant
    trainer = trainer_of(plan.launch.module or "")
    return trainer if plan.trainer not in (None, trainer) else None
