"""What of a model's config.json its memory depends on, whatever the family calls it."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.typing import Any
from configlint.core.values import flag, positive, real, text

# Modules that get adapters where none are named. Source: PEFT 0.21, utils/constants.py.
_ADAPTED = {
    "gpt2": ("c_attn",),
    "gpt_neox": ("query_key_value",),
    "falcon": ("query_key_value",),
    "bert": ("query", "value"),
    "roberta": ("query", "value"),
    "xlm-roberta": ("query", "value"),
    "deberta-v2": ("query_proj", "value_proj"),
    "distilbert": ("q_lin", "v_lin"),
    "phi3": ("qkv_proj",),
}


class Architecture:
    """A transformer by its sizes.

    `norm` is how it normalises (`llama`, `gemma`, `olmo`: RMSNorm's spellings; `layer`: LayerNorm, `unbiased`
    the same without a bias, `cohere` written out), `bare_start` that the first attention gets no norm, `order`
    where: before each block (`pre`), after (`post`), on both sides (`both`), both blocks off one input
    (`parallel`) or after the sum (`sum`). `query_norm` is a norm of queries and keys, of each `head` or the
    `whole` row. `fused` says that one product makes queries, keys and values, `gated` that the feed-forward
    block has a gate. `rotary` is the part of a head that is turned, `joined` says that the rest is put back by
    a copy; layers in `unturned` have no positions. `biased` names the products with a bias (q, k, v, o, m, or
    all), `windows` has each layer's window, 0 for none. `broadcast` says that heads share a key without saying
    so to sdpa, which then has no kernel for it. `distances` are the rows of a table of the distances between
    words, `encoder` says that words are read both ways, and the masked ones found. `labels` are what a head
    that classifies tells apart, `head_dropout` comes before it, `averaged` says that it gets the mean of all
    words. `nested` says that the model is the text part of one that reads pictures. `capped` says that scores
    are bounded, which eager attention alone does, `capped_logits` that logits are, `plain_softmax` that eager
    attention leaves its softmax in the scores' dtype. `sinks` says that each head has a score of its own beside
    those of words, `turned_halves` that heads are turned half by half, `expert_biased` that experts and their
    router have biases, and experts a bounded gate. `quantizes` is false where bitsandbytes leaves the layers as
    they are.
    """

    family: str
    hidden: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    head: int
    vocabulary: int
    tied: bool
    norm: str = "llama"
    order: str = "pre"
    query_norm: str = ""
    gated: bool = True
    fused: bool = False
    activation: str = "silu"
    rotary: float = 1.0
    joined: bool = False
    unturned: tuple[int, ...] = ()
    biased: str = ""
    positions: int = 0
    segments: int = 0
    embedding_dropout: float = 0.0
    attention_dropout: float = 0.0
    dropout: float = 0.0
    windows: tuple[int, ...] = ()
    broadcast: bool = False
    capped: bool = False
    plain_softmax: bool = False
    capped_logits: bool = False
    scaled_embedding: bool = False
    fused_gate: bool = False
    scaled_residual: bool = False
    scaled_logits: bool = False
    scaled_query: bool = False
    turned_first: bool = False
    turned_wide: bool = False
    experts: int = 0
    experts_used: int = 0
    expert_inner: int = 0
    shared_inner: int = 0
    adapted: tuple[str, ...] = ("q_proj", "v_proj")
    sinks: bool = False
    turned_halves: bool = False
    expert_biased: bool = False
    distances: int = 0
    encoder: bool = False
    bare_start: bool = False
    averaged: bool = False
    labels: int = 2
    nested: bool = False
    quantizes: bool = True
    head_dropout: float = 0.0

    # A class of so many fields costs a millisecond as a NamedTuple.
    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def but(self, **changes: Any) -> Architecture:
        """The same with other sizes."""
        return Architecture(**{**self.__dict__, **changes})

    @property
    def query(self) -> int:
        return self.heads * self.head

    @property
    def key(self) -> int:
        return self.key_heads * self.head


def architecture(config: dict[str, object]) -> Architecture | None:
    """The sizes of a model; None where its family has no closed form, or a size is missing or beyond all sense."""
    inner = config.get("text_config")
    nested = isinstance(inner, dict)
    if isinstance(inner, dict):
        config = {**inner, "tie_word_embeddings": _tied_outside(config, inner)}
    family = text(config.get("model_type")) or ""
    make: Differences | None = _FAMILIES.get(family)
    if make is None and family:
        from configlint.memory.closed_form import families  # few models are of these

        make, config = families.FAMILIES.get(family), families.renamed(family, config)
    if make is None or not _is_plain(family, config):
        return None
    sizes = [positive(config.get(name)) for name in ("hidden_size", "num_hidden_layers", "num_attention_heads")]
    if family == "gpt2":
        sizes = [positive(config.get(name)) for name in ("n_embd", "n_layer", "n_head")]
    vocabulary = positive(config.get("vocab_size"))
    hidden, layers, heads = sizes
    if hidden is None or layers is None or heads is None or vocabulary is None or layers > _MOST_LAYERS:
        return None
    head = positive(config.get("head_dim")) or hidden // heads
    base = Architecture(
        family=family,
        hidden=hidden,
        inner=positive(config.get("intermediate_size")) or 4 * hidden,
        layers=layers,
        heads=heads,
        key_heads=positive(config.get("num_key_value_heads")) or heads,
        head=head,
        vocabulary=vocabulary,
        tied=flag(config.get("tie_word_embeddings")) or False,
        activation=text(config.get("hidden_act")) or "silu",
        attention_dropout=real(config.get("attention_dropout")) or 0.0,
        adapted=_ADAPTED.get(family, ("q_proj", "v_proj")),
        labels=_labels(config),
        head_dropout=_head_dropout(config),
        nested=nested,
    )
    differences = make(config, base)
    return base.but(**differences) if differences is not None else None


def knows_family(config: dict[str, object]) -> bool:
    """Whether the family has a closed form, if its sizes are there."""
    inner = config.get("text_config")
    from configlint.memory.closed_form.families import FAMILIES

    return (inner if isinstance(inner, dict) else config).get("model_type") in {*_FAMILIES, *FAMILIES}


Fields = dict[str, object]
Differences = Callable[[Fields, Architecture], dict[str, Any] | None]
# Each layer is looked at; the deepest models have some hundred.
_MOST_LAYERS = 1000


def _is_plain(family: str, config: Fields) -> bool:
    """Whether all layers are of the kind that is described here."""
    if family == "falcon":
        new = flag(config.get("new_decoder_architecture")) or flag(config.get("alibi"))
        return not new and flag(config.get("parallel_attn")) is not False
    dense = config.get("mlp_only_layers") or (positive(config.get("decoder_sparse_step")) or 1) > 1
    return not dense


def _llama(config: Fields, base: Architecture) -> dict[str, Any]:
    biased = "qkvo" if flag(config.get("attention_bias")) else ""
    windows = _windows(config, base) if flag(config.get("use_sliding_window")) is not False else ()
    return {"biased": biased, "windows": windows}


def qwen2(config: Fields, base: Architecture) -> dict[str, Any]:
    return {"biased": "qkv", "windows": _upper_windows(config, base)}


def _qwen3(config: Fields, base: Architecture) -> dict[str, Any]:
    return {"query_norm": "head", "windows": _upper_windows(config, base)}


def _olmo2(config: Fields, base: Architecture) -> dict[str, Any]:
    return {"norm": "olmo", "order": "post", "query_norm": "whole"}


def _smollm3(config: Fields, base: Architecture) -> dict[str, Any]:
    # Source: transformers 5.23, configuration_smollm3.py: without a list, every fourth layer turns nothing.
    every = positive(config.get("no_rope_layer_interval")) or 4
    return {"unturned": tuple(n for n in range(base.layers) if (n + 1) % every == 0), "tied": tied(config, True)}


def _phi3(config: Fields, base: Architecture) -> dict[str, Any]:
    rotary = real(config.get("partial_rotary_factor")) or 1.0
    return {"fused": True, "rotary": rotary, "joined": True, "windows": _windows(config, base)}


def gemma(config: Fields, base: Architecture) -> dict[str, Any]:
    return {
        "norm": "gemma",
        "tied": tied(config, True),
        "activation": text(config.get("hidden_activation")) or "gelu_pytorch_tanh",
        "scaled_embedding": True,
    }


def _gemma2(config: Fields, base: Architecture) -> dict[str, Any]:
    return {
        **gemma(config, base),
        "order": "both",
        "capped": config.get("attn_logit_softcapping", 50.0) is not None,
        "capped_logits": config.get("final_logit_softcapping", 30.0) is not None,
        # Source: transformers 5.23, configuration_gemma2.py: every other layer has a window.
        "windows": _pattern(config, base, 2),
    }


def _gemma3(config: Fields, base: Architecture) -> dict[str, Any]:
    return {
        **gemma(config, base),
        "order": "both",
        "query_norm": "head",
        "capped_logits": config.get("final_logit_softcapping") is not None,
        "windows": _pattern(config, base, positive(config.get("sliding_window_pattern")) or 6),
    }


def _gpt2(config: Fields, base: Architecture) -> dict[str, Any]:
    return {
        "norm": "layer",
        "fused": True,
        "gated": False,
        "plain_softmax": True,
        "rotary": 0.0,
        "inner": positive(config.get("n_inner")) or 4 * base.hidden,
        "activation": text(config.get("activation_function")) or "gelu_new",
        "biased": "all",
        "tied": tied(config, True),
        "positions": positive(config.get("n_positions")) or 1024,
        "embedding_dropout": _rate(config, "embd_pdrop", 0.1),
        "attention_dropout": _rate(config, "attn_pdrop", 0.1),
        "dropout": _rate(config, "resid_pdrop", 0.1),
    }


def _gpt_neox(config: Fields, base: Architecture) -> dict[str, Any]:
    rotary = real(config.get("rotary_pct")) or real(config.get("partial_rotary_factor")) or 0.25
    return {
        "norm": "layer",
        "order": "parallel" if flag(config.get("use_parallel_residual")) is not False else "pre",
        "fused": True,
        "gated": False,
        "rotary": rotary,
        "joined": True,
        "activation": text(config.get("hidden_act")) or "gelu",
        "biased": "all",
        "dropout": _rate(config, "hidden_dropout", 0.0),
    }


def _mixture(config: Fields, base: Architecture) -> dict[str, Any]:
    experts = positive(config.get("num_experts")) or positive(config.get("num_local_experts")) or 8
    return {
        **(_llama(config, base) if base.family == "mixtral" else _qwen3(config, base)),
        "experts": experts,
        "experts_used": positive(config.get("num_experts_per_tok")) or 2,
        "expert_inner": positive(config.get("moe_intermediate_size")) or base.inner,
    }


def _falcon(config: Fields, base: Architecture) -> dict[str, Any]:
    shared = flag(config.get("multi_query")) is not False
    return {
        "norm": "layer",
        "order": "parallel",
        "fused": True,
        "gated": False,
        "key_heads": 1 if shared else base.heads,
        "broadcast": shared,
        "plain_softmax": True,
        # Source: transformers 5.23, integrations/bitsandbytes.py: torch's own linear layers alone are replaced.
        "quantizes": False,
        "activation": "gelu",
        "inner": positive(config.get("ffn_hidden_size")) or 4 * base.hidden,
        "biased": "all" if flag(config.get("bias")) else "",
        "tied": tied(config, True),
        "dropout": _rate(config, "hidden_dropout", 0.0),
    }


def encoder(config: Fields) -> dict[str, Any]:
    """What BERT and those made after it have in common."""
    return {
        "norm": "layer",
        "encoder": True,
        "order": "sum",
        "plain_softmax": True,
        "gated": False,
        "rotary": 0.0,
        "activation": text(config.get("hidden_act")) or "gelu",
        "biased": "all",
        "positions": positive(config.get("max_position_embeddings")) or 512,
    }


def bert(config: Fields, base: Architecture) -> dict[str, Any]:
    return {
        **encoder(config),
        "tied": tied(config, True),
        "segments": positive(config.get("type_vocab_size")) or 2,
        "embedding_dropout": _rate(config, "hidden_dropout_prob", 0.1),
        "attention_dropout": _rate(config, "attention_probs_dropout_prob", 0.1),
        "dropout": _rate(config, "hidden_dropout_prob", 0.1),
    }


_FAMILIES = {
    "llama": _llama,
    "mistral": _llama,
    "qwen2": qwen2,
    "qwen3": _qwen3,
    "olmo2": _olmo2,
    "smollm3": _smollm3,
    "phi3": _phi3,
    "gemma2": _gemma2,
    "gemma3_text": _gemma3,
    "gpt2": _gpt2,
    "gpt_neox": _gpt_neox,
    "mixtral": _mixture,
    "qwen3_moe": _mixture,
    "falcon": _falcon,
    "bert": bert,
    "roberta": bert,
    "xlm-roberta": bert,
}


def _labels(config: Fields) -> int:
    """Source: transformers 5.23, configuration_utils.py: two, where the config names none."""
    names = config.get("id2label")
    return positive(config.get("num_labels")) or (len(names) if isinstance(names, dict) and names else 2)


def _head_dropout(config: Fields) -> float:
    """Source: transformers 5.23, modeling_layers.py and the models' own heads for tokens."""
    names = ("classifier_dropout", "hidden_dropout", "hidden_dropout_prob")
    return next((rate for name in names if (rate := real(config.get(name))) is not None), 0.1)


def _tied_outside(config: Fields, inner: Fields) -> bool:
    """Whether a model with a text part has its embedding twice: its own config says so.

    Source: transformers 5.24, the families' configuration and _tied_weights_keys.
    """
    family = config.get("model_type")
    either = family == "qwen2_5_vl" and tied(inner, False)
    return either or tied(config, family in ("gemma3", "mistral3"))


def tied(config: Fields, default: bool) -> bool:
    value = flag(config.get("tie_word_embeddings"))
    return default if value is None else value


def _rate(config: Fields, name: str, default: float) -> float:
    rate = real(config.get(name))
    return default if rate is None else rate


def _windows(config: Fields, base: Architecture) -> tuple[int, ...]:
    window = positive(config.get("sliding_window"))
    return (window,) * base.layers if window else ()


def _upper_windows(config: Fields, base: Architecture) -> tuple[int, ...]:
    """Source: transformers 5.23, configuration_qwen2.py: the layers from max_window_layers on, where they are
    used."""
    if not flag(config.get("use_sliding_window")):
        return ()
    window, first = positive(config.get("sliding_window")) or 4096, config.get("max_window_layers", 28)
    below = first if isinstance(first, int) else 28
    return tuple(0 if number < below else window for number in range(base.layers))


def _pattern(config: Fields, base: Architecture, every: int) -> tuple[int, ...]:
    """Of `every` layers the last sees all, the others a window."""
    window = positive(config.get("sliding_window")) or 0
    return tuple(0 if (number + 1) % every == 0 else window for number in range(base.layers))
