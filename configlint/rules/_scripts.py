"""The trainers that TRL's own scripts build."""

from __future__ import annotations

from configlint.core.plan import Plan

_TRAINERS = {
    "trl.scripts.sft": "SFTTrainer",
    "trl.scripts.dpo": "DPOTrainer",
    "trl.scripts.grpo": "GRPOTrainer",
    "trl.scripts.reward": "RewardTrainer",
    "trl.scripts.kto": "KTOTrainer",
    "trl.scripts.rloo": "RLOOTrainer",
}


def other_trainer(plan: Plan) -> str | None:
    """The trainer that the script builds, where the spec says that it is another."""
    if plan.launch.script:
        return None  # launch/script-and-module: it is open which of them is meant
    trainer = _TRAINERS.get(plan.launch.module or "")
    return trainer if plan.trainer not in (None, trainer) else None
