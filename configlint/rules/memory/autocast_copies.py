"""Autocast keeps a copy of the weights that checkpointing was to do without.

Under autocast a weight in float32 that is trained is cast when it is first used, and the copy is kept until the
forward pass ends: with all layers checkpointed, little but these copies is left of them, and together they are half
as large as the weights. Weights that are loaded in bfloat16 need none, but then small steps are rounded away: that
is a choice, not a fix. DeepSpeed and FSDP keep float32 for the optimizer, shared out, beside one copy in bfloat16.

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
from configlint.core.rule import Finding, rule
from configlint.rules.memory import WORTH_A_WORD, gib, peak, share


@rule(Severity.INFO)
def check(plan: Plan) -> Iterator[Finding]:
    estimate, workload = plan.memory.estimate, plan.memory.workload
    if estimate is None or workload is None or not workload.checkpointing or share(plan, "autocast") < WORTH_A_WORD:
        return
    # What is trained in float16 needs weights in float32; FSDP gathers the weights in 16 bits.
    if workload.autocast != "bfloat16" or workload.dtype != "float32" or workload.data == "fsdp":
        return
    then = plan.memory.ask(workload._replace(dtype="bfloat16"))
    if then is None:
        return
    yield Finding(
        "model.dtype" if plan.given("model.dtype") else "model.config",
        f"autocast's copies of weights in float32 take {gib(estimate.breakdown['autocast'])} of the"
        f" {gib(estimate.allocated)} GiB at the peak",
        f"with `dtype: bfloat16` in model it is {peak(then)}{_price(workload.method)}",
    )


def _price(method: str) -> str:
    return "; then the optimizer too adds up in 16 bits" if method == "full" else ""
