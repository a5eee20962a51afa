"""The effective batch is stated in samples and in tokens.

Only one can be the source of truth: with both, the next change of the sequence length makes them
disagree. The samples win.

Bad:

    model: {sequence_length: 4096}
    batch: {effective: 64, effective_tokens: 262144}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    model: {sequence_length: 4096}
    batch: {effective_tokens: 262144}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: configlint's own format, schemas/spec.schema.json
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.given("batch.effective") and plan.given("batch.effective_tokens"):
        yield Finding(
            "batch.effective_tokens",
            "the effective batch is given in samples and in tokens",
            "keep one of effective and effective_tokens",
            related=(("batch.effective", "in samples"),),
            on_key=True,
        )
