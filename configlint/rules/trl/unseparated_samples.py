"""Samples that are joined into one row attend to each other.

Packing and `padding_free` join several samples into one row; only the positions, which restart with each sample,
show where one ends. Flash attention reads them, eager and sdpa do so since Transformers 4.53. Before that, and
wherever TRL also passes a mask of ones, every sample attends to the samples before it, so the model trains
differently than without packing. `packing_strategy: wrapped` joins samples on purpose.

Bad:

    transformers: "4.52"
    trl: "0.19"
    trainer: SFTTrainer
    model: {attention: sdpa}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {packing: true}

Good:

    transformers: "4.52"
    trl: "0.19"
    trainer: SFTTrainer
    model: {attention: flash_attention_2}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {packing: true}

Source: transformers 4.53 masking_utils.py, find_packed_sequence_indices; trl 0.19 to 0.22
trainer/sft_trainer.py, DataCollatorForLanguageModeling; run: two sequences in one row of a small Llama, apart
with 4.53 and not with 4.52, nor with a mask of ones in 5.23
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.remedy import Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.rules.trl import concerns, is_on, is_word

_ATTENTION = "model.attention"


@rule(Severity.ERROR, when=lambda plan: plan.given("model.attention"))
def check(plan: Plan) -> Iterator[Finding]:
    attention = plan.spec.settings.get(_ATTENTION)
    if attention is None or attention.value not in ("eager", "sdpa"):
        return
    name = "padding_free" if _is_free_of_padding(plan) else "packing" if _is_packed(plan) else None
    if name is None:
        return
    transformers = plan.release.transformers
    if transformers < (4, 53):
        why = f"{attention.value} separates them since transformers 4.53; this job runs {written(transformers)}"
        other: Remedy = Put("transformers", "4.53")
    elif name == "padding_free" and _is_masked(plan):
        why = f"trl 0.19 to 0.22 pass a mask of ones to {attention.value}"
        other = Put(plan.path("packing"), True)
    else:
        return
    yield Finding(
        plan.path(name),
        f"`{plan.name(plan.path(name))}` lets joined samples attend to each other: {why}",
        [Put(_ATTENTION, "flash_attention_2"), other],
        related=((_ATTENTION, f"`{plan.name(_ATTENTION)}` is {attention.value}"),),
    )


def _is_free_of_padding(plan: Plan) -> bool:
    is_there = concerns(plan, {"SFTTrainer": (0, 16)}) or concerns(plan, {"DPOTrainer": (0, 14)}, until=(0, 29))
    return is_there and is_on(plan, "padding_free") is True


def _is_packed(plan: Plan) -> bool:
    keeps_apart = is_word(plan, "packing_strategy", "ffd", "bfd", "bfd-requeue", "bfd_split")
    return concerns(plan, {"SFTTrainer": (0, 19)}) and is_on(plan, "packing") is True and keeps_apart is True


def _is_masked(plan: Plan) -> bool:
    return concerns(plan, {"SFTTrainer": (0, 19)}, until=(0, 23)) and is_on(plan, "packing") is False
