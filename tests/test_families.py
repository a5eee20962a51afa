"""The closed form of families that have no bundled profile, held against the trace of the real model."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import pytest

from configlint.core.workload import Workload
from configlint.memory.closed_form import simulated
from configlint.memory.closed_form.families import FAMILIES
from configlint.memory.trace import TracedStep, traces

SIZES = {
    "hidden_size": 256,
    "intermediate_size": 704,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "vocab_size": 4000,
    "pad_token_id": 0,
}
SHARED = {**SIZES, "num_key_value_heads": 2, "head_dim": 64}
CONFIGS: dict[str, dict[str, Any]] = {
    "granite": {**SIZES, "num_key_value_heads": 2, "architectures": ["GraniteForCausalLM"]},
    "glm4": {**SHARED, "architectures": ["Glm4ForCausalLM"]},
    "olmo3": {**SIZES, "num_key_value_heads": 2, "sliding_window": 64, "architectures": ["Olmo3ForCausalLM"]},
    "hunyuan_v1_dense": {**SHARED, "architectures": ["HunYuanDenseV1ForCausalLM"]},
    "ministral3": {**SHARED, "architectures": ["Ministral3ForCausalLM"]},
    "ernie4_5": {**SHARED, "architectures": ["Ernie4_5ForCausalLM"]},
    "xlm-roberta": {**SIZES, "max_position_embeddings": 514, "architectures": ["XLMRobertaForMaskedLM"]},
    "qwen2_moe": {
        **SIZES,
        "num_key_value_heads": 2,
        "num_experts": 8,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 128,
        "shared_expert_intermediate_size": 256,
        "architectures": ["Qwen2MoeForCausalLM"],
    },
    "distilbert": {
        "dim": 256,
        "hidden_dim": 1024,
        "n_layers": 4,
        "n_heads": 4,
        "vocab_size": 4000,
        "architectures": ["DistilBertForMaskedLM"],
    },
}
SETTINGS: dict[str, dict[str, Any]] = {
    "bf16, padded": {"padded": True},
    "autocast over fp32": {"dtype": "float32", "autocast": "bfloat16"},
    "LoRA, autocast, checkpointing": {
        "method": "lora",
        "rank": 16,
        "targets": ("all-linear",),
        "autocast": "bfloat16",
        "checkpointing": True,
    },
}
# Of experts no kernel takes 32 bits, and PEFT adapts all of them at once.
CELLS = [
    (family, setting)
    for family, config in CONFIGS.items()
    for setting in SETTINGS
    if "num_experts" not in config or setting == "bf16, padded"
]


def workload(family: str, setting: str) -> Workload:
    major, minor = metadata.version("transformers").split(".")[:2]
    return Workload(
        {**CONFIGS[family], "model_type": family},
        batch=8,
        length=128,
        capability=(8, 0),
        release=(int(major), int(minor)),
        **SETTINGS[setting],
    )


def test_each_family_is_here() -> None:
    assert {*FAMILIES, "xlm-roberta"} == {*CONFIGS}


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, str], TracedStep | str]:
    return dict(zip(CELLS, traces([workload(*cell) for cell in CELLS]), strict=True))


@pytest.mark.heavy
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_the_closed_form_is_what_the_model_does(
    answers: dict[tuple[str, str], TracedStep | str], cell: tuple[str, str]
) -> None:
    traced, closed = answers[cell], simulated(workload(*cell))
    assert not isinstance(traced, str), traced
    assert closed is not None
    assert closed.peak == pytest.approx(traced["allocated"], rel=0.015)
