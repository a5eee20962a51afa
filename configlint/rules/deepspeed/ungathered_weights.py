"""ZeRO-3 leaves no weights that can be loaded, only shards.

Each device holds a part of the model. Without stage3_gather_16bit_weights_on_model_save the Trainer saves the
parts, and says so when the job saves: zero_to_fp32.py must put them together before anything else can read
them.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel:
      data: zero3
      deepspeed: {zero_optimization: {stage3_gather_16bit_weights_on_model_save: false}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3}

Source: transformers 5.23 trainer.py, save_model; accelerate 1.1 and 1.15 utils/dataclasses.py, DeepSpeedPlugin
(auto is false); configlint turns it on by itself
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_PATH = "parallel.deepspeed.zero_optimization.stage3_gather_16bit_weights_on_model_save"


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get(_PATH)
    if plan.parallel.data == "zero3" and setting and setting.value in (False, "auto"):
        yield Finding(_PATH, "zero3 saves shards alone, which zero_to_fp32.py must put together", "delete it")
