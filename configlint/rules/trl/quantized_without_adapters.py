"""The model is quantized, but no adapters are trained.

Weights of 4 or 8 bits cannot be trained themselves. Without `use_peft` the Trainer raises an error once the model
is loaded.

Bad:

    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    arguments: {model_name_or_path: meta-llama/Llama-3.1-8B, load_in_4bit: true}
    launch: {module: trl.scripts.sft}

Good:

    trainer: SFTTrainer
    tuning: {method: qlora}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    arguments: {model_name_or_path: meta-llama/Llama-3.1-8B}
    launch: {module: trl.scripts.sft}

Source: trl 1.16 trainer/utils.py, get_quantization_config; transformers 5.23 trainer_utils.py,
validate_quantization_for_training
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.knowledge.facts import METHOD, OF_ADAPTERS, QUANTIZED, USE_PEFT, reads


@rule(Severity.ERROR, when=lambda plan: "load_in_4bit" in plan.arguments or "load_in_8bit" in plan.arguments)
def check(plan: Plan) -> Iterator[Finding]:
    method = plan.spec.settings.get(METHOD)
    if method is not None and method.of is None:
        return  # argument/contradiction
    for path in QUANTIZED.values():
        setting = plan.spec.settings.get(path)
        if setting and setting.value is True and reads(path, plan.release, plan.script) and not plan.tuning.adapts:
            adapt: list[Remedy] = [Put(USE_PEFT, True)] if plan.given(USE_PEFT) else [Put(METHOD, "qlora")]
            message = f"`{plan.name(path)}` without `{plan.name(USE_PEFT)}` trains quantized weights, which fails"
            # Adapters that are described are meant.
            drop = [] if any(map(plan.given, OF_ADAPTERS)) else [Drop(path)]
            yield Finding(path, message, [*adapt, *drop])
