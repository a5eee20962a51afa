"""A step accumulates more micro-batches than is usual.

Each micro-batch of a step is a forward and a backward pass one after the other, so that a step with many of them
takes long, and logs, evaluations and checkpoints come rarely. 8 to 32 is usual where memory is short; more devices
or a smaller effective batch bring it down. Only fine-tuning of language models is judged.

Bad:

    trainer: SFTTrainer
    model: {config: llama-3.1-8b, sequence_length: 2048}
    batch: {effective: 64, per_device: 1}
    hardware: {accelerator: h100-80gb, devices_per_node: 1}
    tuning: {method: qlora}

Good:

    trainer: SFTTrainer
    model: {config: llama-3.1-8b, sequence_length: 2048}
    batch: {effective: 64, per_device: 2}
    hardware: {accelerator: h100-80gb, devices_per_node: 1}
    tuning: {method: qlora}

Source: transformers 5.24 trainer.py, the loop over the micro-batches of a step
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.rules.batch import is_fine_tuning

_MOST = 32
_PATH = "batch.accumulation"


@rule(Severity.INFO, when=lambda plan: (plan.batch.accumulation or 0) > 32)
def check(plan: Plan) -> Iterator[Finding]:
    accumulation = plan.batch.accumulation
    if not accumulation or accumulation <= _MOST or not is_fine_tuning(plan):
        return
    remedy = Say("train on more devices, or more samples at once", needs=("hardware.devices_per_node",))
    yield Finding(
        _PATH,
        f"`{plan.name(_PATH)}` {accumulation} runs {accumulation} passes one after the other for each step:"
        " 8 to 32 is usual",
        [remedy],
    )
