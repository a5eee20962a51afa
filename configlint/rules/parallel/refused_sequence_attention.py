"""The attention implementation does not support DeepSpeed's sequence parallelism.

Sequence parallelism (Ulysses) supports sdpa and flash attention. Accelerate rejects any other when the Trainer is
built: after the queue, and after the model was loaded.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, sequence: 2}
    model: {attention: eager}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, sequence: 2}
    model: {attention: sdpa}

Source: accelerate 1.15 utils/dataclasses.py, DeepSpeedSequenceParallelConfig.__post_init__
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import attentions, beside, degree, is_shareable


@rule(Severity.ERROR, when=lambda plan: plan.parallel.sequence != 1)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.parallel.sequence in (None, 1) or not plan.parallel.uses_deepspeed:
        return
    attention = attentions(plan).get("model.attention")
    if attention is None or is_shareable(attention):
        return
    yield Finding(
        "model.attention",
        f"{degree(plan, 'sequence')} requires sdpa or flash attention, got {attention}",
        [Put("model.attention", "sdpa")],
        related=beside(plan, "sequence"),
    )
