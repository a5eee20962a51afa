"""A list of one module in `lora_target_modules` matches no module.

TRL's ModelConfig turns a list of one into a plain string, and PEFT treats a string as a pattern that the whole path
of a module must match: `q_proj` is not `model.layers.0.self_attn.q_proj`. The job fails once the model is loaded.
What `tuning.target_modules` says is passed on in a form that matches.

Bad:

    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    arguments: {model_name_or_path: meta-llama/Llama-3.1-8B, use_peft: true, lora_target_modules: [q_proj]}
    launch: {module: trl.scripts.sft}

Good:

    trainer: SFTTrainer
    tuning: {method: lora, target_modules: [q_proj]}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    arguments: {model_name_or_path: meta-llama/Llama-3.1-8B}
    launch: {module: trl.scripts.sft}

Source: trl 0.13 to 1.16 trainer/model_config.py, __post_init__; peft 0.21 tuners/tuners_utils.py,
check_target_module_exists; run: trl 1.16.0 with peft 0.21.2 raises NoMatchingPeftModuleError
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Move
from configlint.core.rule import Finding, rule
from configlint.knowledge.facts import is_lone_module

_PATH, _OURS = "arguments.lora_target_modules", "tuning.target_modules"


@rule(Severity.ERROR, when=lambda plan: "lora_target_modules" in plan.arguments)
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get(_PATH)
    if plan.script is None or setting is None or setting.of is not None or not plan.tuning.adapts:
        return
    names = setting.value
    if isinstance(names, list) and is_lone_module(names):
        message = (
            f"`{plan.name(_PATH)}` [{names[0]}] matches no module: TRL turns a list of one into a plain string"
        )
        yield Finding(_PATH, message, [Drop(_PATH) if plan.given(_OURS) else Move(_PATH, _OURS)])
