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
PICTURES = {"hidden_size": 64, "intermediate_size": 128, "patch_size": 14}
QWEN_VL = {
    "vision_config": {
        **PICTURES,
        "depth": 2,
        "num_heads": 4,
        "out_hidden_size": 256,
        "num_position_embeddings": 16,
    },
    "image_token_id": 10,
    "video_token_id": 11,
    "vision_start_token_id": 12,
    "vision_end_token_id": 13,
}
ROTARY = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [8, 12, 12]}
CONFIGS: dict[str, dict[str, Any]] = {
    "gemma": {**SHARED, "architectures": ["GemmaForCausalLM"]},
    "cohere": {**SHARED, "architectures": ["CohereForCausalLM"]},
    "cohere2": {**SHARED, "sliding_window": 64, "architectures": ["Cohere2ForCausalLM"]},
    "modernbert": {
        **SIZES,
        "local_attention": 64,
        "bos_token_id": 1,
        "cls_token_id": 1,
        "eos_token_id": 2,
        "sep_token_id": 2,
        "classifier_pooling": "mean",
        "architectures": ["ModernBertForMaskedLM"],
    },
    "gpt_oss": {
        **SHARED,
        "intermediate_size": 256,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
        "sliding_window": 64,
        "architectures": ["GptOssForCausalLM"],
    },
    "deberta-v2": {
        **SIZES,
        "max_position_embeddings": 512,
        "type_vocab_size": 0,
        "position_biased_input": False,
        "relative_attention": True,
        "position_buckets": 64,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
        "architectures": ["DebertaV2ForMaskedLM"],
    },
    "mistral3": {
        "text_config": {**SHARED, "model_type": "mistral"},
        "vision_config": {**PICTURES, "model_type": "pixtral", "num_hidden_layers": 2, "num_attention_heads": 4},
        "image_token_index": 10,
        "architectures": ["Mistral3ForConditionalGeneration"],
    },
    "qwen2_5_vl": {
        **QWEN_VL,
        "text_config": {
            **SIZES,
            "num_key_value_heads": 2,
            "model_type": "qwen2_5_vl_text",
            "rope_parameters": ROTARY,
        },
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
    },
    "qwen3_vl": {
        **QWEN_VL,
        "text_config": {**SHARED, "model_type": "qwen3_vl_text", "rope_parameters": ROTARY},
        "architectures": ["Qwen3VLForConditionalGeneration"],
    },
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
    "autocast over fp32": {"dtype": "float32", "autocast": "bfloat16", "batch": 3, "length": 192},
    "LoRA, autocast, checkpointing": {
        "method": "lora",
        "rank": 16,
        "targets": ("all-linear",),
        "autocast": "bfloat16",
        "checkpointing": True,
    },
    "eager, checkpointing": {"attention": "eager", "checkpointing": True, "batch": 2, "length": 384},
    "classification": {"task": "sequence-classification", "padded": True},
}
CLASSIFYING = ("modernbert", "gemma")
# Of experts no kernel takes 32 bits, and PEFT adapts all of them at once.
BY_EXPERTS = ("bf16, padded", "eager, checkpointing")
CELLS = [
    (family, setting)
    for family, config in CONFIGS.items()
    for setting in SETTINGS
    if ("num_experts_per_tok" not in config or setting in BY_EXPERTS)
    and (setting != "classification" or family in CLASSIFYING)
]


def workload(family: str, setting: str) -> Workload:
    major, minor = metadata.version("transformers").split(".")[:2]
    return Workload(
        {**CONFIGS[family], "model_type": family},
        **{"batch": 8, "length": 128, **SETTINGS[setting]},
        capability=(8, 0),
        release=(int(major), int(minor)),
    )


def test_each_family_is_here() -> None:
    inner = {config["text_config"]["model_type"] for config in CONFIGS.values() if "text_config" in config}
    assert {*FAMILIES} <= {*CONFIGS, *inner}


@pytest.mark.heavy
@pytest.mark.parametrize("family", CONFIGS)
def test_the_parameters_are_those_of_the_real_model(family: str) -> None:
    import torch
    import transformers

    config = transformers.AutoConfig.for_model(family, **CONFIGS[family])
    with torch.device("meta"):
        model = getattr(transformers, CONFIGS[family]["architectures"][0])(config)
    closed = simulated(workload(family, "bf16, padded"))
    assert closed is not None
    assert closed.parameters == sum(parameter.numel() for parameter in model.parameters())


def test_sizes_beside_a_tower_are_the_text_models_as_in_older_configs() -> None:
    nested = CONFIGS["qwen2_5_vl"]
    flat = {**nested, **nested["text_config"], "model_type": "qwen2_5_vl"}
    del flat["text_config"]
    ours = workload("qwen2_5_vl", "LoRA, autocast, checkpointing")
    older, newer = simulated(ours._replace(config=flat)), simulated(ours)
    assert older is not None
    assert newer is not None
    assert older._replace(stack=[]) == newer._replace(stack=[])


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
