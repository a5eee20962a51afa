"""The effective batch is given both in samples and in tokens.

With both, the next change of the sequence length makes them contradict each other. configlint uses the samples.

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
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.core.values import positive


@rule(Severity.ERROR, when=lambda plan: plan.given("batch.effective_tokens"))
def check(plan: Plan) -> Iterator[Finding]:
    if plan.given("batch.effective") and plan.given("batch.effective_tokens"):
        samples, tokens = plan.name("batch.effective"), plan.name("batch.effective_tokens")
        # Tokens must make whole samples to be enough.
        number, length = positive(plan.spec.settings["batch.effective_tokens"].value), plan.sequence_length
        other = [Drop("batch.effective")] if number and length and number % length == 0 else []
        yield Finding(
            "batch.effective_tokens",
            f"at most one of `{samples}` and `{tokens}` may be given",
            [Drop("batch.effective_tokens"), *other],
            related=(("batch.effective", f"`{samples}` is given here"),),
            on_key=True,
        )
