"""The trainer takes no streaming data set.

GRPOTrainer and RLOOTrainer draw the prompts of a step by their numbers, so before TRL 1.9 they reject a data set
that has none.

Bad:

    transformers: "5.2"
    trl: "1.0"
    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {streaming: true}
    training: {max_steps: 100}

Good:

    transformers: "5.2"
    trl: "1.0"
    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {streaming: false}
    training: {max_steps: 100}

Source: trl 0.17 to 1.8 trainer/grpo_trainer.py and rloo_trainer.py, __init__ (NotImplementedError); those of 1.9
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.data import stream


@rule(Severity.ERROR, when=lambda plan: plan.release.trl is not None)
def check(plan: Plan) -> Iterator[Finding]:
    trl, refused = plan.release.trl, plan.release.trainer.refused_streams
    if plan.data.streaming is True and trl and refused and refused[0] <= trl < refused[1]:
        message = f"{plan.trainer} rejects a streaming data set before trl {written(refused[1])}"
        yield Finding(stream(plan), message, [Put(stream(plan), False)])
