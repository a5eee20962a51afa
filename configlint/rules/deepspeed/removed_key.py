"""DeepSpeed's newer releases reject the key.

DeepSpeed 0.19.7 and 0.19.8 removed several keys and reject a config that still has one, whatever its value: the job
fails after it has queued and loaded the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {elasticity: {enabled: false}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2}

Source: deepspeed 0.19.7 and 0.19.8 runtime/config.py, _reject_removed_config_keys
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.knowledge._generated.deepspeed import REMOVED
from configlint.rules.deepspeed import SECTION, is_configured, settings, stage


@rule(Severity.WARNING, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is None:
        return
    for key, _ in settings(plan):
        if key in REMOVED:
            name = key.rpartition(".")[2]
            message = f"`{name}` was removed in DeepSpeed {REMOVED[key]}; the job fails with that release or newer"
            yield Finding(SECTION + key, message, [Drop(SECTION + key, _why(plan, key))], on_key=True)


def _why(plan: Plan, key: str) -> str:
    bf16, fp16 = (plan.name(plan.path(name)) for name in ("bf16", "fp16"))
    return f"`{bf16}` or `{fp16}` sets the precision" if key == "amp" else ""
