"""TRL's own script has no model to train.

It starts from `model_name_or_path`. A Hub id in `model.config` is passed to it. A bundled profile's name,
or the path of a config.json, only says what the model is like: which of the weights of this architecture are
trained, base or instruct, must be written too.

Bad:

    trainer: SFTTrainer
    model: {config: llama-3.1-8b, sequence_length: 2048}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {module: trl.scripts.sft}

Good:

    trainer: SFTTrainer
    model: {config: meta-llama/Llama-3.1-8B, sequence_length: 2048}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {module: trl.scripts.sft}

Source: trl 0.13 to 1.16, scripts/*.py; trl 1.16 trainer/model_config.py, model_name_or_path
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.values import text
from configlint.knowledge.facts import MODEL, WEIGHTS

_NAME = WEIGHTS.partition(".")[2]


@rule(Severity.ERROR, when=lambda plan: plan.script is not None)
def check(plan: Plan) -> Iterator[Finding]:
    script = plan.script
    if script is None or script.argument(_NAME) is None or plan.arguments.get(_NAME) is not None:
        return
    setting = plan.spec.settings.get(MODEL)
    if setting and text(setting.value) is None:
        return  # schema/wrong-type
    message = f"{script.module} requires `{plan.name(WEIGHTS)}`"
    if plan.model:
        message += f"; `{plan.name(MODEL)}` {plan.model.name} names an architecture, not weights"
    yield Finding(MODEL if setting else "launch.module", message, _remedies(plan))


def _remedies(plan: Plan) -> list[Remedy]:
    if plan.given(WEIGHTS) or plan.model is None or not plan.model.hub_ids:
        return [Say("write its Hub id or path in `arguments`", needs=(WEIGHTS,))]
    hub_id = plan.model.hub_ids[0]
    return [Put(MODEL, hub_id), Put(WEIGHTS, hub_id)]
