"""Samples that are joined into one row see each other.

Packing and `padding_free` put several samples into one row, and their positions, which begin anew with each,
are all that tells where one ends. Flash attention reads them; eager and sdpa do so from Transformers 4.53 on.
Before, and wherever TRL hands over a mask of ones beside them, every sample attends to those before it, and
another model is trained than without packing. What `packing_strategy: wrapped` joins is joined on purpose.

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
from configlint.core.rule import Finding, rule
from configlint.rules.trl import concerns, is_on, is_word


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    attention = plan.spec.settings.get("model.attention")
    if attention is None or attention.value not in ("eager", "sdpa"):
        return
    name = "padding_free" if _is_free_of_padding(plan) else "packing" if _is_packed(plan) else None
    if name is None:
        return
    transformers = plan.release.transformers
    if transformers < (4, 53):
        why = f"tells them apart from transformers 4.53 on, and {written(transformers)} runs the job"
        help = "a newer release, or model.attention: flash_attention_2"
    elif name == "padding_free" and _is_masked(plan):
        why = "is handed a mask of ones by trl 0.19 to 0.22"
        help = "a newer release, packing: true, or model.attention: flash_attention_2"
    else:
        return
    yield Finding(
        plan.path(name),
        f"{name} joins samples that then see each other: {attention.value} {why}",
        help,
        related=(("model.attention", f"model.attention {attention.value}"),),
    )


def _is_free_of_padding(plan: Plan) -> bool:
    is_there = concerns(plan, {"SFTTrainer": (0, 16)}) or concerns(plan, {"DPOTrainer": (0, 14)}, until=(0, 29))
    return is_there and is_on(plan, "padding_free") is True


def _is_packed(plan: Plan) -> bool:
    keeps_apart = is_word(plan, "packing_strategy", "ffd", "bfd", "bfd-requeue", "bfd_split")
    return concerns(plan, {"SFTTrainer": (0, 19)}) and is_on(plan, "packing") is True and keeps_apart is True


def _is_masked(plan: Plan) -> bool:
    return concerns(plan, {"SFTTrainer": (0, 19)}, until=(0, 23)) and is_on(plan, "packing") is False
