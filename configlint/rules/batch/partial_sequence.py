"""The batch in tokens is no whole number of sequences.

A step sees whole samples of sequence_length tokens, so that fewer tokens are trained than written.

Bad:

    model: {sequence_length: 4096}
    batch: {effective_tokens: 500000}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}

Good:

    model: {sequence_length: 4096}
    batch: {effective_tokens: 524288}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}

Source: transformers 5.23 trainer.py, get_total_train_batch_size (it counts samples)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import positive


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get("batch.effective_tokens")
    tokens, length = positive(setting.value) if setting else None, plan.sequence_length
    if tokens is None or length is None or tokens % length == 0:
        return
    sequences = [number for number in (tokens // length, tokens // length + 1) if number]
    yield Finding(
        "batch.effective_tokens",
        f"{tokens:,} tokens are no whole number of sequences of {length:,}",
        f"nearest: {', '.join(f'{number * length} ({number} x {length})' for number in sequences)}",
        related=(("model.sequence_length", f"{length:,} tokens a sequence"),),
    )
