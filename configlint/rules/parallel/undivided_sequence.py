"""The trainer does not support splitting its sequences over devices.

A sequence is split between the data loader and the model. Trainers that generate their samples build the model's
input after that, and of the other TRL trainers only SFTTrainer's batches hold what DeepSpeed's sequence parallelism
(Ulysses) requires: labels, and the position of each token.

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
there); trainer/dpo_trainer.py, reward_trainer.py, kto_trainer.py and experimental/utils.py, the collators;
deepspeed 0.19 runtime/sequence_parallel/ulysses_sp.py, UlyssesSPDataLoaderAdapter.refill
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import degree, is_meshed


@rule(Severity.ERROR, when=is_meshed)
def check(plan: Plan) -> Iterator[Finding]:
    traits, parallel = plan.release.trainer, plan.parallel
    kinds: tuple[str, ...] = ("context", "sequence")
    if traits.generates:
        why = "the model's input is built after generation"
    elif traits.unlabelled:
        why, kinds = "its batches have no labels for DeepSpeed to split", ("sequence",)
    else:
        return
    for kind in kinds:
        if getattr(parallel, kind) not in (None, 1):
            yield Finding(
                f"parallel.{kind}",
                f"{degree(plan, kind)} is not supported by {plan.trainer}: {why}",
                [Drop(f"parallel.{kind}")],
                related=(("trainer", f"`{plan.name('trainer')}` is {plan.trainer}"),),
            )
