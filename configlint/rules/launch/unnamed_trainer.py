"""`trainer` is not the one that the launched TRL script builds.

The trainer decides the config class that the JSON is written for and how the script receives it: TRL's scripts
read the JSON from `--config` and misread it otherwise.

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
from configlint.core.remedy import Put
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
        whose = "" if plan.given("trainer") else " (configlint's default)"
        message = f"{plan.launch.module} builds {trainer}, but `{plan.name('trainer')}` is {plan.trainer}{whose}"
        yield Finding("launch.module", message, [Put("trainer", trainer)])
