"""The modules of a model by their paths, and which of them adapters go to, as PEFT matches names.

Source: transformers 5.23, models/<family>/modeling_<family>.py (the paths); PEFT 0.21, tuners/tuners_utils.py,
check_target_module_exists and _maybe_include_all_linear_layers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.record import NamedTuple
from configlint.memory.closed_form.architecture import Architecture

ALL_LINEAR = ("all-linear",)


class Paths(NamedTuple):
    """Where a family has its modules: the base model, its list of layers, the embedding and the output layer; of
    `layer`, the paths in a layer by what the closed form calls them. `others` are more linear layers outside."""

    base: str
    layers: str
    layer: dict[str, str]
    embedding: str = "embed_tokens"
    output: str = "lm_head"
    others: tuple[tuple[str, str], ...] = ()


_ATTENTION = {
    "q_proj": "self_attn.q_proj",
    "k_proj": "self_attn.k_proj",
    "v_proj": "self_attn.v_proj",
    "attentiono_proj": "self_attn.o_proj",
}
_GATED = {name: f"mlp.{name}" for name in ("gate_proj", "up_proj", "down_proj")}
_SHARED = {f"shared_{name}": f"mlp.shared_expert.{name}" for name in _GATED}
_FUSED = {
    "qkv_proj": "self_attn.qkv_proj",
    "attentiono_proj": "self_attn.o_proj",
    "gate_up_proj": "mlp.gate_up_proj",
    "down_proj": "mlp.down_proj",
}
_WIDE = {"firstdense_h_to_4h": "mlp.dense_h_to_4h", "seconddense_4h_to_h": "mlp.dense_4h_to_h"}
_BERT = {
    **{name: f"attention.self.{name}" for name in ("query", "key", "value")},
    "attentiondense": "attention.output.dense",
    "firstdense": "intermediate.dense",
    "seconddense": "output.dense",
}
_DISTILBERT = {
    **{name: f"attention.{name}" for name in ("q_lin", "k_lin", "v_lin")},
    "attentionout_lin": "attention.out_lin",
    "firstlin1": "ffn.lin1",
    "secondlin2": "ffn.lin2",
}
_GPT2 = {
    "c_attn": "attn.c_attn",
    "attentionc_proj": "attn.c_proj",
    "firstc_fc": "mlp.c_fc",
    "secondc_proj": "mlp.c_proj",
}
_FAMILIES = {
    "phi3": Paths("model", "layers", _FUSED),
    "gpt2": Paths("transformer", "h", _GPT2, "wte"),
    "gpt_neox": Paths(
        "gpt_neox",
        "layers",
        {"query_key_value": "attention.query_key_value", "attentiondense": "attention.dense", **_WIDE},
        "embed_in",
    ),
    "falcon": Paths(
        "transformer",
        "h",
        {"query_key_value": "self_attention.query_key_value", "attentiondense": "self_attention.dense", **_WIDE},
        "word_embeddings",
    ),
    "glm4": Paths(
        "model", "layers", {**_ATTENTION, **{name: _FUSED[name] for name in ("gate_up_proj", "down_proj")}}
    ),
    "distilbert": Paths(
        "distilbert",
        "transformer.layer",
        _DISTILBERT,
        "embeddings.word_embeddings",
        "vocab_projector",
        (("transform.dense", "vocab_transform"),),
    ),
    "bert": Paths(
        "bert",
        "encoder.layer",
        _BERT,
        "embeddings.word_embeddings",
        "cls.predictions.decoder",
        (("transform.dense", "cls.predictions.transform.dense"),),
    ),
    "roberta": Paths(
        "roberta",
        "encoder.layer",
        _BERT,
        "embeddings.word_embeddings",
        "lm_head.decoder",
        (("transform.dense", "lm_head.dense"),),
    ),
}
_FAMILIES["deberta-v2"] = Paths(
    "deberta",
    "encoder.layer",
    {
        **{f"{name[0]}_proj": f"attention.self.{name}_proj" for name in ("query", "key", "value")},
        "attentiono_proj": "attention.output.dense",
        "firstdense": "intermediate.dense",
        "seconddense": "output.dense",
    },
    "embeddings.word_embeddings",
    "cls.predictions.decoder",
    (("transform.dense", "cls.predictions.transform.dense"),),
)
_FAMILIES["modernbert"] = Paths(
    "model",
    "layers",
    {
        "qkv_proj": "attn.Wqkv",
        "attentiono_proj": "attn.Wo",
        "gate_up_proj": "mlp.Wi",
        "down_proj": "mlp.Wo",
    },
    "embeddings.tok_embeddings",
    "decoder",
    (("transform.dense", "head.dense"),),
)
_FAMILIES["xlm-roberta"] = _FAMILIES["roberta"]


# The last names of layers in any family: none of them is another one misspelt.
NAMES = frozenset(
    path.rpartition(".")[2]
    for layer in (_ATTENTION, _GATED, *(family.layer for family in _FAMILIES.values()))
    for path in layer.values()
)


def paths(sizes: Architecture) -> Paths:
    """Of all that are not named the layout is Llama's; of a mixture the experts are no modules."""
    known = _FAMILIES.get(sizes.family)
    if known is None:
        linear = _ATTENTION if sizes.experts else {**_ATTENTION, **_GATED}
        known = Paths("model", "layers", {**linear, **_SHARED} if sizes.shared_inner else linear)
    return known._replace(base=f"{known.base}.language_model") if sizes.nested else known


def in_layer(sizes: Architecture, number: int, targets: tuple[str, ...], pattern: bool) -> frozenset[str]:
    """What in a layer gets adapters, by the closed form's names."""
    where = paths(sizes)
    if targets == ALL_LINEAR:
        return frozenset(where.layer)
    base = f"{where.base}.{where.layers}.{number}"
    return frozenset(name for name, path in where.layer.items() if is_target(f"{base}.{path}", targets, pattern))


def outside(sizes: Architecture, targets: tuple[str, ...], pattern: bool) -> frozenset[str]:
    """What gets adapters outside all layers: `embedding`, `output`, or one of the others."""
    where = paths(sizes)
    if targets == ALL_LINEAR:
        return frozenset(name for name, _ in where.others)
    known = {"embedding": f"{where.base}.{where.embedding}", "output": where.output, **dict(where.others)}
    return frozenset(name for name, path in known.items() if is_target(path, targets, pattern))


def saved(sizes: Architecture, names: tuple[str, ...]) -> frozenset[str] | None:
    """Which of embedding and output layer PEFT trains whole for `modules_to_save`; None where a name is of other
    modules, or of more. Names of heads that classify are those that are trained anyway."""
    where = paths(sizes)
    found = set()
    for name in names:
        matches = [each for each in ("embedding", "output") if getattr(where, each).endswith(name)]
        layers = any(path.endswith(name) for path in (*where.layer.values(), *_NORMS))
        if layers or not (matches or name in _HEADS):
            return None
        found.update(matches)
    return frozenset(found)


# Modules that no adapter goes to, but that a name may mean.
_NORMS = ("norm", "layernorm", "LayerNorm", "ln_1", "ln_2", "ln_f", "mlp", "self_attn", "attn", "attention")
_HEADS = ("score", "classifier", "qa_outputs")


def is_target(path: str, targets: tuple[str, ...], pattern: bool) -> bool:
    """Whether PEFT puts an adapter there. A pattern is matched whole, a name is the end of a path."""
    if pattern:
        try:
            return re.fullmatch(targets[0], path) is not None
        except re.error:
            return False
    return any(path == target or path.endswith(f".{target}") for target in targets)


def every(sizes: Architecture) -> Iterator[str]:
    """The paths of all modules that can have an adapter; of the layers, the first's alone."""
    where = paths(sizes)
    yield f"{where.base}.{where.embedding}"
    yield from (f"{where.base}.{where.layers}.0.{path}" for path in where.layer.values())
    yield from (*dict(where.others).values(), where.output)
