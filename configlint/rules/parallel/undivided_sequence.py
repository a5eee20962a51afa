"""This trainer of TRL's cannot have its sequences shared out over devices.

A sequence is shared out between the data loader and the model. Trainers that generate their samples make the
model's input afterwards, and of the others only SFTTrainer's batches hold what DeepSpeed's sequence parallelism
(Ulysses) asks for: labels, and the position of each token.

Bad:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, context: 2}

Good:

    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, context: 2}

Source: trl 1.16 trainer/grpo_config.py and rloo_config.py, __post_init__ (a mesh from the environment is not seen
there); trainer/dpo_trainer.py, reward_trainer.py and kto_trainer.py, the collators; deepspeed 0.19
runtime/sequence_parallel/ulysses_sp.py, UlyssesSPDataLoaderAdapter.refill
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_GENERATING = ("DistillationTrainer", "GRPOTrainer", "RLOOTrainer")
_WITHOUT_LABELS = ("DPOTrainer", "KTOTrainer", "RewardTrainer")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    trainer, parallel = plan.trainer, plan.parallel
    degrees: tuple[str, ...] = ("context", "sequence")
    if trainer in _GENERATING:
        why = "makes the model's input after generation"
    elif trainer in _WITHOUT_LABELS:
        why, degrees = "has no labels in its batches for DeepSpeed to share out", ("sequence",)
    else:
        return
    for degree in degrees:
        size = getattr(parallel, degree)
        if size not in (None, 1):
            yield Finding(
                f"parallel.{degree}",
                f"{degree} {size} cannot share out the sequences of {trainer}, which {why}",
                f"leave {degree} out",
                related=(("trainer", f"trainer {trainer}"),),
            )
