"""The effective batch is unusual for fine-tuning.

Most fine-tuning of language models trains 32 to 64 samples per step. A smaller batch makes the gradients noisier, a
larger one takes fewer steps over the same data, and the usual learning rates fit neither. Pretraining,
reinforcement learning, packed rows, vision models and encoders use other sizes and are not judged.

Bad:

    trainer: SFTTrainer
    model: {config: llama-3.1-8b, sequence_length: 2048}
    batch: {effective: 8}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    tuning: {method: lora}

Good:

    trainer: SFTTrainer
    model: {config: llama-3.1-8b, sequence_length: 2048}
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    tuning: {method: lora}

Source: InstructGPT, arXiv 2203.02155, appendix C.1 (32); LIMA, arXiv 2305.11206, section 3 (32, and 64 for smaller
models)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import is_fine_tuning
from configlint.rules.batch._totals import removals, total

_LEAST, _MOST = 32, 64


@rule(Severity.INFO, when=lambda plan: not 32 <= (plan.batch.effective or 32) <= 64)
def check(plan: Plan) -> Iterator[Finding]:
    effective, replicas = plan.batch.trained, plan.parallel.replicas
    if not effective or not replicas or effective != plan.batch.effective or not is_fine_tuning(plan):
        return
    if _LEAST <= effective <= _MOST or replicas > _MOST:
        return
    effect = "makes gradients noisy" if effective < _LEAST else "takes few steps over the data"
    message = f"an effective batch of {count(effective, 'sample')} {effect}: most fine-tuning uses 32 to 64"
    size = _LEAST if effective < _LEAST else _MOST
    yield Finding("batch.effective", message, [] if size % replicas else [_remedy(plan, size)])


def _remedy(plan: Plan, size: int) -> Remedy:
    return (total(plan, size), *(removals(plan, size) or ()))
