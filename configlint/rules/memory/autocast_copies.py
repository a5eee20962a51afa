"""Autocast keeps copies of weights that checkpointing was meant to save.

Under autocast, a trained float32 weight is cast when it is first used, and the copy is kept until the forward pass
ends. With all layers checkpointed the copies are most of what is kept, and together they are half as large as the
weights. Weights that are loaded in bfloat16 need no copies, but small updates are then rounded away: that is a
trade-off, not a fix. DeepSpeed and FSDP keep sharded float32 weights for the optimizer beside one bfloat16 copy.

Bad:

    model: {config: llama-3.2-1b, sequence_length: 512, dtype: float32}
    batch: {effective: 64, per_device: 1}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {bf16: true, activation_checkpointing: true}

Good:

    model: {config: llama-3.2-1b, sequence_length: 512, dtype: bfloat16}
    batch: {effective: 64, per_device: 1}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {bf16: true, activation_checkpointing: true}

Source: torch 2.13 aten/src/ATen/autocast_mode.cpp, cached_cast
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.memory import WORTH_A_WORD, gib, peak, share

_DTYPE = "model.dtype"


@rule(Severity.INFO, when=lambda plan: share(plan, "autocast") >= WORTH_A_WORD)
def check(plan: Plan) -> Iterator[Finding]:
    estimate, workload = plan.memory.estimate, plan.memory.workload
    if estimate is None or workload is None or not workload.checkpointing or share(plan, "autocast") < WORTH_A_WORD:
        return
    # Training in float16 requires float32 weights; FSDP gathers the weights in 16 bits.
    if workload.autocast != "bfloat16" or workload.dtype != "float32" or workload.data == "fsdp":
        return
    then = plan.memory.ask(workload._replace(dtype="bfloat16"))
    if then is None:
        return
    price = ", but the optimizer also rounds to 16 bits" if workload.method == "full" else ""
    yield Finding(
        _DTYPE if plan.given(_DTYPE) else "model.config",
        f"autocast copies of float32 weights take {gib(estimate.breakdown['autocast'])} of the"
        f" {gib(estimate.allocated)} GiB at the peak",
        [Put(_DTYPE, "bfloat16", why=f"the peak is then {peak(then)}{price}")],
    )
