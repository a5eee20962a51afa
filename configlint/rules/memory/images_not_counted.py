"""The model reads images, and the memory estimate counts text alone.

The weights of the vision tower are counted. Images go through the tower and add their tokens to the sequence, so
that a batch with images takes more memory, and what is trained of the tower has gradients and optimizer states: the
per-device batch that fits text may not fit images.

Bad:

    model: {config: gemma-3-4b, sequence_length: 1024}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {bf16: true, activation_checkpointing: true}

Good:

    model: {config: gemma-3-1b, sequence_length: 1024}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {bf16: true, activation_checkpointing: true}

Source: configlint's closed form; transformers 5.23 models/gemma3/modeling_gemma3.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule

_CONFIG, _TASK = "model.config", "model.task"


@rule(Severity.INFO, when=lambda plan: plan.model is not None and "vision_config" in plan.model.config)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.model is None or "vision_config" not in plan.model.config or plan.memory.estimate is None:
        return
    if not plan.given(_CONFIG) or plan.given(_TASK):
        return
    message = f"memory is estimated for text alone: images of {plan.model.name} take more"
    task = Put(_TASK, "image-text-to-text", why="if there are images; memory is then unknown")
    yield Finding(_CONFIG, message, [task] if plan.can_say(_TASK) else [])
