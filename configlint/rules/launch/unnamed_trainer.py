"""One of TRL's scripts is launched, and the trainer is not named.

The trainer says which config class the JSON is for and how the script is handed it: TRL's scripts read it
behind --config, and take it for something else without.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {module: trl.scripts.sft}

Good:

    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {module: trl.scripts.sft}

Source: trl 1.16 scripts/utils.py, TrlParser.parse_args_and_config
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_TRAINERS = {
    "sft": "SFTTrainer",
    "dpo": "DPOTrainer",
    "grpo": "GRPOTrainer",
    "reward": "RewardTrainer",
    "kto": "KTOTrainer",
    "rloo": "RLOOTrainer",
}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    package, _, script = (plan.launch.module or "").rpartition(".")
    trainer = _TRAINERS.get(script)
    if package == "trl.scripts" and trainer and plan.trainer is not None and plan.trainer != trainer:
        message = f"{plan.launch.module} builds {trainer}, and the spec is for {plan.trainer}"
        yield Finding("launch.module", message, f"write trainer: {trainer}")
