"""What attention Transformers takes for a model where none is asked for.

Source: transformers 4.30 to 5.24, models/<family>/modeling_<family>.py, _supports_sdpa.
"""

from __future__ import annotations

# The release that brought sdpa to a family that had been there without it.
_SDPA_SINCE = {
    "llama": (4, 36), "falcon": (4, 36), "mistral": (4, 37), "mixtral": (4, 37), "phi": (4, 39), "bert": (4, 41),
    "gpt2": (4, 42), "gpt_neox": (4, 42), "phi3": (4, 45), "roberta": (4, 45), "xlm-roberta": (4, 45),
    "distilbert": (4, 46), "opt": (4, 46),
}  # fmt: skip


def default_attention(config: dict[str, object], release: tuple[int, int]) -> str:
    return "sdpa" if release >= _SDPA_SINCE.get(str(config.get("model_type")), (0, 0)) else "eager"
