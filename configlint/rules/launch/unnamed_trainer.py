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
from configlint.rules._scripts import other_trainer


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if trainer := other_trainer(plan):
        whose = "" if plan.given("trainer") else " (configlint's default)"
        message = f"{plan.launch.module} builds {trainer}, but `{plan.name('trainer')}` is {plan.trainer}{whose}"
        yield Finding("launch.module", message, [Put("trainer", trainer)])
