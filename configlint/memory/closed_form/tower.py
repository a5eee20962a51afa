"""What reads pictures before a text model: its weights alone, as a step on text does not go through it.

Source: transformers 5.23, models/siglip/modeling_siglip.py and models/gemma3/modeling_gemma3.py.
"""

from __future__ import annotations

from configlint.core.values import flag, positive

_SIZES = ("hidden_size", "intermediate_size", "num_hidden_layers", "image_size", "patch_size")
# Other senses that a model may have parts for.
_OTHERS = ("audio_config", "video_config", "speech_config")


def tower(config: dict[str, object]) -> int | None:
    """Its parameters, those of the projection to the text model among them; 0 where the model has none, None where
    it is of another kind."""
    vision, text = config.get("vision_config"), config.get("text_config")
    if any(isinstance(config.get(name), dict) for name in _OTHERS):
        return None
    if not isinstance(vision, dict):
        return 0
    if config.get("model_type") != "gemma3" or not isinstance(text, dict):
        return None
    hidden, inner, layers, image, patch = (positive(vision.get(name)) for name in _SIZES)
    wide = positive(text.get("hidden_size"))
    if None in (hidden, inner, layers, image, patch, wide) or flag(vision.get("vision_use_head")) is not False:
        return None
    assert hidden and inner and layers and image and patch and wide
    channels = positive(vision.get("num_channels")) or 3
    patches = hidden * (channels * patch * patch + 1) + (image // patch) ** 2 * hidden
    layer = 4 * hidden * (hidden + 1) + 2 * hidden * inner + inner + hidden + 4 * hidden
    return patches + layers * layer + 2 * hidden + hidden * wide + hidden
