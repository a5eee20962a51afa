"""ZeRO-3 saves only shards of the weights.

Each device holds a part of the model. Without stage3_gather_16bit_weights_on_model_save the Trainer saves these
parts and says so only when the job saves: zero_to_fp32.py must merge them before anything else can load them.

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
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.rules.deepspeed import is_configured

_PATH = "parallel.deepspeed.zero_optimization.stage3_gather_16bit_weights_on_model_save"


@rule(Severity.WARNING, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get(_PATH)
    if plan.parallel.data == "zero3" and setting and setting.value in (False, "auto"):
        name = f"`{_PATH.rpartition('.')[2]}` {code(setting.value)}"
        message = f"{name} saves only shards; zero_to_fp32.py must merge them before they can be loaded"
        yield Finding(_PATH, message, [Put(_PATH, True)])
