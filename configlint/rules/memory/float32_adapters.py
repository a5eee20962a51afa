"""Adapters in float32 keep more activations than full fine-tuning would.

PEFT holds adapters in float32 beside 16-bit weights, and without autocast casts the input of each adapter to
float32: every copy is kept for the backward pass, on top of what the model keeps anyway. With adapters on all
linear layers, LoRA then keeps more activations than full fine-tuning, although it was meant to save memory. Under
autocast the adapters compute in 16 bits on inputs that are kept already.

Bad:

    model: {config: llama-3.1-8b, sequence_length: 2048, dtype: bfloat16}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    batch: {effective: 64, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}

Good:

    model: {config: llama-3.1-8b, sequence_length: 2048, dtype: bfloat16}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    batch: {effective: 64, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {bf16: true}

Source: peft 0.21 tuners/tuners_utils.py, cast_adapter_dtype and _cast_input_dtype
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.profile import lacks
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.workload import Estimate, Workload
from configlint.rules.memory import gib, has_adapters_alone, peak


@rule(Severity.INFO, when=has_adapters_alone)
def check(plan: Plan) -> Iterator[Finding]:
    estimate, workload, accelerator = plan.memory.estimate, plan.memory.workload, plan.hardware.accelerator
    if estimate is None or workload is None or accelerator is None or workload.checkpointing:
        return
    if workload.method != "lora" or workload.dtype == "float32":
        return
    name, dtype = ("fp16", "float16") if lacks(accelerator, "bfloat16") else ("bf16", "bfloat16")
    full = _activations(plan, workload._replace(method="full"))
    own = _activations(plan, workload)
    then = plan.memory.ask(workload._replace(autocast=dtype))
    if not own or not full or own <= full or then is None or then.high >= estimate.high:
        return
    yield Finding(
        "tuning.target_modules" if plan.given("tuning.target_modules") else "tuning.method",
        f"adapters without autocast keep {gib(own)} GiB of activations; full fine-tuning keeps {gib(full)} GiB",
        [Put(f"training.{name}", True, why=f"the peak is then {peak(then)} instead of {peak(estimate)}")],
    )


def _activations(plan: Plan, workload: Workload) -> int | None:
    """What is kept for the backward pass; of an optimizer without states, so that its step is not the peak."""
    found: Estimate | None = plan.memory.ask(workload._replace(optimizer="sgd"))
    return found.breakdown["activations"] if found else None
