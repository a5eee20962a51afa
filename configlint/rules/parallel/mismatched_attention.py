"""The model is loaded with a different attention than DeepSpeed is configured for.

configlint configures DeepSpeed for the attention that `model.attention` names, or else for sdpa. Where the script
loads the model with a different one, DeepSpeed rejects the model: after the queue, and after it was loaded.

Bad:

    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, sequence: 2}
    arguments: {attn_implementation: flash_attention_2}

Good:

    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, sequence: 2}
    model: {attention: flash_attention_2}
    arguments: {attn_implementation: flash_attention_2}

Source: deepspeed 0.19 runtime/sequence_parallel/ulysses_sp.py, UlyssesSPAttentionHF.register_with_transformers
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import attentions, beside, is_shareable, loaded_with

_OURS = "model.attention"


@rule(Severity.ERROR, when=lambda plan: plan.parallel.sequence != 1)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.parallel.sequence in (None, 1) or not plan.parallel.uses_deepspeed:
        return
    written = attentions(plan)
    shared = written.pop(_OURS, "sdpa")
    told = ((_OURS, f"`{plan.name(_OURS)}` is {shared}"),) if plan.given(_OURS) else ()
    for path, attention in written.items():
        if attention != shared:
            # What DeepSpeed cannot split, the model must not be loaded with.
            other = loaded_with(plan, path, shared if is_shareable(shared) else "sdpa")
            yield Finding(
                path,
                f"the model is loaded with {attention}, but DeepSpeed is configured for {shared}",
                [Put(_OURS, attention) if is_shareable(attention) else other],
                related=(*beside(plan, "sequence"), *told),
            )
