"""Padding disables flash attention.

PyTorch's scaled_dot_product_attention has no flash kernel for a mask, and a padded batch has one: each layer keeps
the keys and values of all heads, and a mask of batch x length x length. That costs time, and memory that a larger
micro-batch could use. The flash-attn package takes the samples' lengths in place of a mask and computes no padding.

Bad:

    model: {config: smollm2-360m, sequence_length: 8192, attention: sdpa}
    batch: {effective: 64, per_device: 4}
    hardware: {accelerator: h200, devices_per_node: 1}
    training: {bf16: true}

Good:

    model: {config: smollm2-360m, sequence_length: 8192, attention: flash_attention_2}
    batch: {effective: 64, per_device: 4}
    hardware: {accelerator: h200, devices_per_node: 1}
    training: {bf16: true}

Source: torch 2.13 aten/src/ATen/native/transformers/sdp_utils_cpp.h, check_for_attn_mask
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.memory import WORTH_A_WORD, gib, is_masked, peak, sixteen_bits

_PATH, _FLASH = "model.attention", "flash_attention_2"


@rule(Severity.INFO, when=is_masked)
def check(plan: Plan) -> Iterator[Finding]:
    estimate, workload = plan.memory.estimate, plan.memory.workload
    if estimate is None or workload is None or not is_masked(plan):
        return
    # Before compute capability 8.0 there are no such kernels to lose.
    if not sixteen_bits(plan) or workload.capability is None or workload.capability < (8, 0):
        return
    then = plan.memory.ask(workload._replace(attention=_FLASH))
    if then is None or estimate.allocated - then.allocated < WORTH_A_WORD * estimate.allocated:
        return
    also = "" if plan.spec.call else "set it in the script too; "
    yield Finding(
        _PATH if plan.given(_PATH) else "model.config",
        f"padding disables the flash kernel of sdpa, at a cost of {gib(estimate.allocated - then.allocated)} of the"
        f" {gib(estimate.allocated)} GiB at the peak",
        [Put(_PATH, _FLASH, why=f"{also}the peak is then {peak(then)}")],
    )
