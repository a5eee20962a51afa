"""The model is loaded with another attention than DeepSpeed is to share out.

configlint tells DeepSpeed the attention that `model.attention` names, sdpa where it names none. Where the script is
told another one, DeepSpeed refuses the model: after the queue and its loading.

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
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import attentions


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.parallel.sequence in (None, 1) or not plan.parallel.uses_deepspeed:
        return
    written = attentions(plan)
    shared = written.pop("model.attention", "sdpa")
    for path, attention in written.items():
        if attention != shared:
            yield Finding(
                path,
                f"the model is loaded with {attention}, and DeepSpeed is told {shared}",
                f"write `attention: {attention}` in model",
                related=(("parallel.sequence", f"sequence {plan.parallel.sequence}"), *_told(plan, shared)),
            )


def _told(plan: Plan, shared: str) -> tuple[tuple[str, str], ...]:
    return (("model.attention", f"attention {shared}"),) if plan.given("model.attention") else ()
