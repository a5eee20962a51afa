"""A sequence is shared out by DeepSpeed, and the attention cannot take a share of the heads.

Sequence parallelism (Ulysses) is there for sdpa and flash attention. Accelerate refuses any other when the Trainer
is built: after the queue and the loading of the model.

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
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import attentions

_TAKEN = ("sdpa", "flash_attention_2", "flash_attention_3")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    sequence = plan.parallel.sequence
    if sequence in (None, 1) or not plan.parallel.uses_deepspeed:
        return
    attention = attentions(plan).get("model.attention")
    # A kernel of the hub is one by its name.
    if attention is None or attention in _TAKEN or ("/" in attention and "flash-attn" in attention):
        return
    yield Finding(
        "model.attention",
        f"sequence {sequence} works with sdpa and flash attention, not with {attention}",
        "write `attention: sdpa`",
        related=(("parallel.sequence", f"sequence {sequence}"),),
    )
