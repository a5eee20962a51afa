"""A vision tower's parameters, against sums that are written out layer by layer."""

from __future__ import annotations

from typing import Any

import pytest

from configlint.memory.closed_form.tower import tower

VISION = {
    "hidden_size": 8, "intermediate_size": 20, "num_hidden_layers": 2, "image_size": 12, "patch_size": 4,
    "vision_use_head": False,
}  # fmt: skip
CONFIG: dict[str, Any] = {"model_type": "gemma3", "text_config": {"hidden_size": 6}, "vision_config": VISION}


@pytest.mark.parametrize(("written", "channels"), [({}, 3), ({"num_channels": 1}, 1)])
def test_patches_layers_norms_and_the_projection_are_counted(written: dict[str, int], channels: int) -> None:
    patches = 8 * channels * 4 * 4 + 8
    positions = 3 * 3 * 8
    attention = 4 * (8 * 8 + 8)
    mlp = (8 * 20 + 20) + (20 * 8 + 8)
    norms = 2 * 2 * 8
    projection = 8 * 6 + 8
    counted = patches + positions + 2 * (attention + mlp + norms) + 2 * 8 + projection
    found = tower({**CONFIG, "vision_config": {**VISION, **written}})
    assert found is not None
    assert sum(found) == counted
    assert found.linear == 2 * (4 * 8 * 8 + 2 * 8 * 20)


def test_a_text_model_has_none() -> None:
    assert tower({"model_type": "llama"}) == (0, 0)


@pytest.mark.parametrize(
    "config",
    [
        {**CONFIG, "model_type": "gemma4"},
        {**CONFIG, "audio_config": {}},
        {**CONFIG, "text_config": None},
        {**CONFIG, "vision_config": {**VISION, "vision_use_head": True}},
        {**CONFIG, "vision_config": {**VISION, "patch_size": "4"}},
    ],
)
def test_a_tower_of_another_kind_is_not_known(config: dict[str, Any]) -> None:
    assert tower(config) is None
