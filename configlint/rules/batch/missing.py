"""The effective batch is missing.

Without an effective batch, or both of its factors, the Trainer takes per_device 8 and accumulation 1 (its
defaults), and every number of devices trains a different batch.

Bad:

    batch: {per_device: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    batch: {effective: 64, per_device: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: transformers 5.23 training_args.py, per_device_train_batch_size and gradient_accumulation_steps
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import nearest_reachable
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.knowledge.naming import BATCH_ARGUMENTS
from configlint.rules.batch import place

# A batch to suggest.
_USUAL = 64


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    section = plan.spec.settings.get("batch")
    if plan.given("batch.effective") or (section and not section.mapping) or not plan.can_say("batch.effective"):
        return
    if plan.given("batch.effective_tokens"):
        yield from _without_length(plan)
        return
    factors = ("batch.per_device", "batch.accumulation")
    # What is in `training` counts there too once it is moved, as batch/derived-argument says.
    misplaced = {BATCH_ARGUMENTS[path] for path in plan.spec.settings if path in BATCH_ARGUMENTS}
    pinned = [
        path
        for path in factors
        if (plan.given(path) and not plan.given(f"{path}.max")) or (not plan.given(path) and path in misplaced)
    ]
    if len(pinned) < 2:
        message = f"`{plan.name('batch.effective')}` is missing"
        if pinned:
            message = f"`{plan.name(pinned[0])}` alone does not determine the effective batch"
        replicas = plan.parallel.replicas
        size = nearest_reachable(plan.batch, _USUAL, replicas) if replicas else _USUAL
        yield Finding(place(plan), message, [Put("batch.effective", size)], on_key=True)


def _without_length(plan: Plan) -> Iterator[Finding]:
    tokens, length = "batch.effective_tokens", "model.sequence_length"
    if not plan.given(length):
        message = f"`{plan.name(tokens)}` requires `{plan.name(length)}`"
        yield Finding(tokens, message, [Put(length, 4096, "the tokens of one sample")])
