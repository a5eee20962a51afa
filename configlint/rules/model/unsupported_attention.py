"""The accelerator cannot run the attention that the model is loaded with.

FlashAttention 2 and 3 require a GPU of NVIDIA's Ampere generation or a later one (compute capability 8.0), and
FlashAttention 4 Hopper (9.0). On older ones, such as T4 and V100, the first forward pass fails, or the loading of
the model. Without a GPU Transformers rejects all of them.

Bad:

    model: {config: qwen2.5-0.5b, sequence_length: 512, attention: flash_attention_2}
    batch: {effective: 64}
    hardware: {accelerator: t4, devices_per_node: 4}

Good:

    model: {config: qwen2.5-0.5b, sequence_length: 512, attention: sdpa}
    batch: {effective: 64}
    hardware: {accelerator: t4, devices_per_node: 4}

Source: flash-attention 2.8 csrc/flash_attn/flash_api.cpp, mha_fwd (only Ampere or newer); transformers 5.23
modeling_flash_attention_utils.py, FLASH_ATTENTION_COMPATIBILITY_MATRIX, and modeling_utils.py,
_flash_attn_can_dispatch
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import attentions, loaded_with
from configlint.rules.precision import described

# NVIDIA's compute capability from which on each runs.
_NEEDS = {"flash_attention_2": (8, 0), "flash_attention_3": (8, 0), "flash_attention_4": (9, 0)}


@rule(Severity.ERROR, when=lambda plan: plan.hardware.accelerator is not None)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator = plan.hardware.accelerator
    for path, attention in attentions(plan).items():
        needed = _NEEDS.get(attention)
        if accelerator is None or needed is None:
            continue
        if plan.hardware.is_cpu:
            yield Finding(
                path, f"`{plan.name(path)}` {attention} requires a GPU", [loaded_with(plan, path, "sdpa")]
            )
        elif (accelerator.compute_capability or needed) < needed:
            least = "compute capability {}.{}".format(*needed)
            yield Finding(
                path,
                f"`{plan.name(path)}` {attention} requires {least} or newer, got {described(accelerator)}",
                [loaded_with(plan, path, "sdpa")],
            )
