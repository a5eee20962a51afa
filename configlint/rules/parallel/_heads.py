"""The attention heads of a model, and whether devices can share them."""

from __future__ import annotations

from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.values import mapping, positive, text

# Families whose tensor-parallel plan splits the key projection and keeps it split; others gather it again.
# Source: transformers 5.23, base_model_tp_plan of each config class.
_SPLIT = (
    "gemma2",
    "gemma3_text",
    "llama",
    "mistral",
    "mixtral",
    "qwen2",
    "qwen3",
    "qwen3_moe",
    "smollm3",
)


class Heads(NamedTuple):
    """Of queries, and of keys and values."""

    queries: int
    keys: int


def heads_of(plan: Plan, degree: str) -> Heads | None:
    """The heads that `tensor` or `sequence` splits; None where it splits none, or where they are not known."""
    config = _config(plan)
    zero, family = plan.parallel.uses_deepspeed, text(config.get("model_type"))
    if not (zero if degree == "sequence" else degree == "tensor" and not zero and family in _SPLIT):
        return None
    queries = positive(config.get("num_attention_heads"))
    keys = positive(config.get("num_key_value_heads", queries))
    return Heads(queries, keys) if queries and keys else None


def fits(degree: str, size: int, heads: Heads | None) -> bool:
    """Whether so many devices can share the heads; of heads that are not known, it is assumed."""
    if heads is None:
        return True
    # Ulysses copies a key-value head to several devices, tensor parallelism does not.
    copied = degree == "sequence" and size % heads.keys == 0
    return heads.queries % size == 0 and (heads.keys % size == 0 or copied)


def _config(plan: Plan) -> dict[str, object]:
    """The part of config.json that is about text."""
    config = plan.model.config if plan.model else {}
    return mapping(config.get("text_config")) or config
