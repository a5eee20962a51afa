"""What reads pictures before a text model: its weights alone, as a step on text does not go through it.

Source: transformers 5.24, models/siglip/modeling_siglip.py, models/pixtral/modeling_pixtral.py and
models/<family>/modeling_<family>.py.
"""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.record import NamedTuple
from configlint.core.values import flag, positive
from configlint.memory.closed_form.architecture import Fields

# Other senses that a model may have parts for.
_OTHERS = ("audio_config", "video_config", "speech_config")


class Tower(NamedTuple):
    """Its parameters, with those of the projection to the text model: in the matrices of linear layers, and in all
    else."""

    linear: int
    others: int


NO_TOWER = Tower(0, 0)


def tower(config: Fields) -> Tower | None:
    """What reads pictures in a model; None where that is of another kind."""
    vision, text = config.get("vision_config"), config.get("text_config")
    if any(isinstance(config.get(name), dict) for name in _OTHERS):
        return None
    if not isinstance(vision, dict):
        return NO_TOWER
    count = _TOWERS.get(str(config.get("model_type")))
    wide = positive((text if isinstance(text, dict) else config).get("hidden_size"))
    try:
        return count(config, vision, wide) if count and wide else None
    except _Unknown:
        return None


class _Unknown(Exception):
    """A size is missing."""


def _sizes(vision: Fields, *names: str) -> list[int]:
    found = [size for name in names if (size := positive(vision.get(name)))]
    if len(found) < len(names):
        raise _Unknown
    return found


def _siglip(config: Fields, vision: Fields, wide: int) -> Tower | None:
    names = ("hidden_size", "intermediate_size", "num_hidden_layers", "image_size", "patch_size")
    hidden, inner, layers, image, patch = _sizes(vision, *names)
    if flag(vision.get("vision_use_head")) is not False:
        return None
    patches = hidden * (_channels(vision) * patch * patch + 1) + (image // patch) ** 2 * hidden
    linear = 4 * hidden * hidden + 2 * hidden * inner
    others = 4 * hidden + inner + hidden + 4 * hidden
    # The projection is a plain matrix, behind a norm.
    return Tower(layers * linear, patches + layers * others + 2 * hidden + hidden * wide + hidden)


def _pixtral(config: Fields, vision: Fields, wide: int) -> Tower:
    hidden, inner, layers, patch = _sizes(
        vision, "hidden_size", "intermediate_size", "num_hidden_layers", "patch_size"
    )
    merged = (positive(config.get("spatial_merge_size")) or 2) ** 2
    features = config.get("vision_feature_layer")
    taken = len(features) if isinstance(features, list) else 1
    biases = 2 * wide if flag(config.get("multimodal_projector_bias")) else 0
    projection = hidden * merged * hidden + hidden * taken * wide + wide * wide
    linear = layers * (4 * hidden * hidden + 3 * hidden * inner) + projection
    return Tower(
        linear, _channels(vision) * patch * patch * hidden + hidden + layers * 2 * hidden + hidden + biases
    )


def _qwen2_5(config: Fields, vision: Fields, wide: int) -> Tower:
    hidden, inner, layers, patch, out = _qwen(vision)
    merged = _merged(vision, hidden)
    linear = layers * (4 * hidden * hidden + 3 * hidden * inner) + merged * merged + merged * out
    others = layers * (4 * hidden + 2 * inner + hidden + 2 * hidden) + hidden + merged + out
    return Tower(linear, patch * hidden + others)


def _qwen3(config: Fields, vision: Fields, wide: int) -> Tower:
    hidden, inner, layers, patch, out = _qwen(vision)
    positions, merged = positive(vision.get("num_position_embeddings")) or 2304, _merged(vision, hidden)
    deep = vision.get("deepstack_visual_indexes", (8, 16, 24))
    deeper = len(deep) if isinstance(deep, list | tuple) else 0
    linear = layers * (4 * hidden * hidden + 2 * hidden * inner) + (1 + deeper) * (merged * merged + merged * out)
    others = layers * (4 * hidden + inner + hidden + 4 * hidden) + 2 * hidden + deeper * 2 * merged
    return Tower(linear, (patch + 1 + positions) * hidden + others + (1 + deeper) * (merged + out))


def _qwen(vision: Fields) -> list[int]:
    names = ("hidden_size", "intermediate_size", "depth", "patch_size", "out_hidden_size")
    hidden, inner, layers, patch, out = _sizes(vision, *names)
    frames = positive(vision.get("temporal_patch_size")) or 2
    return [hidden, inner, layers, _channels(vision) * frames * patch * patch, out]


def _merged(vision: Fields, hidden: int) -> int:
    return hidden * (positive(vision.get("spatial_merge_size")) or 2) ** 2


def _channels(vision: Fields) -> int:
    names = ("num_channels", "in_channels", "in_chans")
    return next((found for name in names if (found := positive(vision.get(name)))), 3)


_TOWERS: dict[str, Callable[[Fields, Fields, int], Tower | None]] = {
    "gemma3": _siglip,
    "mistral3": _pixtral,
    "qwen2_5_vl": _qwen2_5,
    "qwen3_vl": _qwen3,
}
