"""The batch in tokens is not a whole number of sequences.

A step trains whole samples of sequence_length tokens, so it trains fewer tokens than the spec says.

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
from math import ceil

from configlint.core.arithmetic import is_power_of_two
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import positive


@rule(Severity.ERROR, when=lambda plan: plan.given("batch.effective_tokens"))
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get("batch.effective_tokens")
    tokens, length = positive(setting.value) if setting else None, plan.sequence_length
    if tokens is None or length is None or tokens % length == 0:
        return
    path, batch = "batch.effective_tokens", plan.batch
    # As many tokens at least as the factors that are known make.
    unit = (
        length * (plan.parallel.replicas or 1) * (batch.pinned_per_device or 1) * (batch.pinned_accumulation or 1)
    )
    yield Finding(
        path,
        f"`{plan.name(path)}` {tokens:,} must be a multiple of `{plan.name('model.sequence_length')}` {length:,}",
        [Put(path, size) for size in sorted(_around(tokens, unit), key=lambda size: abs(size - tokens))],
        related=(("model.sequence_length", f"{length:,} tokens per sequence"),),
    )


def _around(tokens: int, unit: int) -> list[int]:
    """The batches below and above one that can be trained: powers of two where multiples of a unit are."""
    if not is_power_of_two(unit):
        return [size for size in (tokens // unit * unit, ceil(tokens / unit) * unit) if size]
    below = 1 << (tokens.bit_length() - 1)
    return list(dict.fromkeys(max(size, unit) for size in (below, 2 * below)))
