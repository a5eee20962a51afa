"""Further families, each by what its layers do differently; see `architecture`, which loads them when asked.

Source: transformers 5.24, models/<family>/configuration_<family>.py and modeling_<family>.py.
"""

from __future__ import annotations

from configlint.core.typing import Any
from configlint.core.values import flag, positive, real, text
from configlint.memory.closed_form.architecture import (
    Architecture,
    Differences,
    Fields,
    bert,
    encoder,
    gemma,
    qwen2,
    tied,
)

# What DistilBERT calls what others call so.
_DISTILBERT = {
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "intermediate_size": "hidden_dim",
    "hidden_act": "activation",
}


def renamed(family: str, config: Fields) -> Fields:
    """The config with the sizes' usual names."""
    if family != "distilbert":
        return config
    return {**config, **{usual: config[own] for usual, own in _DISTILBERT.items() if own in config}}


def _listed_windows(config: Fields, base: Architecture, every: int) -> tuple[int, ...]:
    """Of the layers that `layer_types` says slide, else of all but each `every`-th."""
    window, kinds = positive(config.get("sliding_window")) or 0, config.get("layer_types")
    if isinstance(kinds, list) and len(kinds) == base.layers:
        return tuple(window if kind == "sliding_attention" else 0 for kind in kinds)
    return tuple(0 if (number + 1) % every == 0 else window for number in range(base.layers))


def _is_on(config: Fields, name: str, default: bool) -> bool:
    value = flag(config.get(name))
    return default if value is None else value


def _granite(config: Fields, base: Architecture) -> dict[str, Any]:
    return {
        "biased": ("qkvo" if _is_on(config, "attention_bias", False) else "")
        + ("m" if _is_on(config, "mlp_bias", False) else ""),
        "scaled_embedding": True,
        "scaled_residual": True,
        "scaled_logits": True,
    }


def _glm4(config: Fields, base: Architecture) -> dict[str, Any]:
    rope = config.get("rope_parameters")
    part = rope.get("partial_rotary_factor") if isinstance(rope, dict) else None
    return {
        "order": "both",
        "biased": "qkv" if _is_on(config, "attention_bias", True) else "",
        "rotary": real(part) or real(config.get("partial_rotary_factor")) or 0.5,
        "joined": True,
        "fused_gate": True,
    }


def _olmo3(config: Fields, base: Architecture) -> dict[str, Any]:
    windows = _listed_windows(config, base, 4)
    return {"norm": "olmo", "order": "post", "query_norm": "whole", "windows": windows}


def _hunyuan(config: Fields, base: Architecture) -> dict[str, Any]:
    biased = "qkvo" if _is_on(config, "attention_bias", False) else ""
    return {"query_norm": "head", "turned_first": True, "biased": biased}


def _ministral3(config: Fields, base: Architecture) -> dict[str, Any]:
    window = positive(config.get("sliding_window"))
    return {"scaled_query": True, "windows": (window,) * base.layers if window else ()}


def _ernie(config: Fields, base: Architecture) -> dict[str, Any]:
    return {
        "turned_wide": True,
        "biased": "all" if _is_on(config, "use_bias", False) else "",
        "tied": _is_on(config, "tie_word_embeddings", True),
    }


def _qwen2_moe(config: Fields, base: Architecture) -> dict[str, Any]:
    return {
        "biased": "qkv" if _is_on(config, "qkv_bias", True) else "",
        "experts": positive(config.get("num_experts")) or 60,
        "experts_used": positive(config.get("num_experts_per_tok")) or 4,
        "expert_inner": positive(config.get("moe_intermediate_size")) or 1408,
        "shared_inner": positive(config.get("shared_expert_intermediate_size")) or 5632,
    }


def _distilbert(config: Fields, base: Architecture) -> dict[str, Any]:
    rate = real(config.get("dropout"))
    rate = 0.1 if rate is None else rate
    attention = real(config.get("attention_dropout"))
    return {
        **encoder(config),
        "tied": _is_on(config, "tie_weights_", True) and _is_on(config, "tie_word_embeddings", True),
        "segments": 0,
        "embedding_dropout": rate,
        "attention_dropout": 0.1 if attention is None else attention,
        "dropout": rate,
    }


def _cohere(config: Fields, base: Architecture) -> dict[str, Any]:
    return {
        "norm": "cohere",
        "order": "parallel",
        "query_norm": "head" if _is_on(config, "use_qk_norm", False) else "",
        "biased": "qkvo" if _is_on(config, "attention_bias", False) else "",
        "turned_wide": True,
        "scaled_logits": True,
        "tied": tied(config, True),
    }


def _cohere2(config: Fields, base: Architecture) -> dict[str, Any]:
    windows = _listed_windows(config, base, positive(config.get("sliding_window_pattern")) or 4)
    unturned = tuple(number for number, window in enumerate(windows) if not window)
    return {**_cohere(config, base), "windows": windows, "unturned": unturned}


def _qwen2_5_vl(config: Fields, base: Architecture) -> dict[str, Any]:
    # Older configs have the text model's sizes beside the tower, as the model has not.
    return {**qwen2(config, base), "nested": True}


def _qwen3_vl(config: Fields, base: Architecture) -> dict[str, Any]:
    return {"query_norm": "head", "biased": "qkvo" if _is_on(config, "attention_bias", False) else ""}


def _gpt_oss(config: Fields, base: Architecture) -> dict[str, Any]:
    return {
        "norm": "olmo",
        "biased": "qkvo" if _is_on(config, "attention_bias", True) else "",
        "windows": _listed_windows(config, base, 2),
        "sinks": True,
        "plain_softmax": True,
        "turned_halves": True,
        "joined": True,
        "experts": positive(config.get("num_local_experts")) or 128,
        "experts_used": positive(config.get("num_experts_per_tok")) or 4,
        "expert_inner": base.inner,
        "expert_biased": True,
    }


def _deberta(config: Fields, base: Architecture) -> dict[str, Any] | None:
    kinds = config.get("pos_att_type")
    kinds = kinds.split("|") if isinstance(kinds, str) else kinds
    plain = (
        isinstance(kinds, list)
        and {"p2c", "c2p"} == {*kinds}
        and _is_on(config, "relative_attention", False)
        and _is_on(config, "share_att_key", False)
        and _is_on(config, "legacy", True)
        and config.get("norm_rel_ebd") == "layer_norm"
        and not config.get("conv_kernel_size")
        and config.get("embedding_size") in (None, base.hidden)
        and config.get("attention_head_size") in (None, base.head)
    )
    if not plain:
        return None
    longest = positive(config.get("max_position_embeddings")) or 512
    reach = positive(config.get("position_buckets")) or positive(config.get("max_relative_positions")) or longest
    return {
        **bert(config, base),
        "positions": longest if _is_on(config, "position_biased_input", True) else 0,
        "segments": positive(config.get("type_vocab_size")) or 0,
        "distances": 2 * reach,
    }


def _modernbert(config: Fields, base: Architecture) -> dict[str, Any] | None:
    activation = text(config.get("hidden_activation")) or "gelu"
    if _is_on(config, "sparse_prediction", False) or (config.get("classifier_activation") or "gelu") != activation:
        return None
    kinds, window = config.get("layer_types"), (positive(config.get("local_attention")) or 128) // 2
    every = positive(config.get("global_attn_every_n_layers")) or 3
    slides = kinds if isinstance(kinds, list) else [number % every != 0 for number in range(base.layers)]
    biases = {"qkvo": "attention_bias", "m": "mlp_bias", "t": "classifier_bias"}
    return {
        "encoder": True,
        "norm": "layer" if _is_on(config, "norm_bias", False) else "unbiased",
        "bare_start": True,
        "fused": True,
        "turned_wide": True,
        "biased": "".join(letters for letters, name in biases.items() if _is_on(config, name, False))
        + ("d" if _is_on(config, "decoder_bias", True) else ""),
        "activation": activation,
        "tied": tied(config, True),
        "windows": tuple(window if kind in (True, "sliding_attention") else 0 for kind in slides),
        "embedding_dropout": real(config.get("embedding_dropout")) or 0.0,
        "dropout": real(config.get("mlp_dropout")) or 0.0,
        "head_dropout": real(config.get("classifier_dropout")) or 0.0,
        "averaged": config.get("classifier_pooling") == "mean",
    }


FAMILIES: dict[str, Differences] = {
    "gpt_oss": _gpt_oss,
    "deberta-v2": _deberta,
    "modernbert": _modernbert,
    "gemma": gemma,
    "cohere": _cohere,
    "cohere2": _cohere2,
    "qwen2_5_vl": _qwen2_5_vl,
    "qwen2_5_vl_text": _qwen2_5_vl,
    "qwen3_vl_text": _qwen3_vl,
    "granite": _granite,
    "glm4": _glm4,
    "olmo3": _olmo3,
    "hunyuan_v1_dense": _hunyuan,
    "ministral3": _ministral3,
    "ernie4_5": _ernie,
    "qwen2_moe": _qwen2_moe,
    "distilbert": _distilbert,
}
