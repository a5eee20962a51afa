"""Logits take half of the peak or more.

A model computes a logit for each word of its vocabulary at each token, and the loss takes them in float32, in two
copies: 12 bytes each, more than all layers keep where the vocabulary is large and activations are checkpointed. A
fused loss computes them piece by piece and keeps none, so a larger micro-batch fits.

Bad:

    model: {config: llama-3.2-1b, sequence_length: 4096, dtype: bfloat16, attention: flash_attention_2}
    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {activation_checkpointing: true}

Good:

    model: {config: llama-3.2-1b, sequence_length: 4096, dtype: bfloat16, attention: flash_attention_2}
    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {activation_checkpointing: true, use_liger_kernel: true}

Source: transformers 5.23 loss/loss_utils.py, ForCausalLMLoss; Liger Kernel, arXiv 2410.10989
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.memory.options import base_workload, changes
from configlint.rules.memory import gib, is_tight, peak, predicts_tokens, share


@rule(Severity.INFO, when=lambda plan: share(plan, "logits") >= 0.5)
def check(plan: Plan) -> Iterator[Finding]:
    estimate, workload, base = plan.memory.estimate, plan.memory.workload, base_workload(plan)
    if estimate is None or workload is None or base is None or share(plan, "logits") < 0.5:
        return
    # Where all samples are computed at once and fit, more room is of no use.
    if not predicts_tokens(plan) or not (is_tight(plan) or (plan.batch.accumulation or 1) > 1):
        return
    fused = next((change for change in changes(plan, base) if "fused_loss" in change.fields), None)
    then = plan.memory.ask(workload._replace(fused_loss=True)) if fused else None
    if fused is None or then is None:
        return
    yield Finding(
        "model.config",
        f"logits take {gib(estimate.breakdown['logits'])} of the {gib(estimate.allocated)} GiB at the peak",
        [fused.put._replace(why=f"its loss keeps no logits, so the peak is {peak(then)}")],
    )
