"""DeepSpeed's newer releases refuse the key.

What was taken away in 0.19.7 and 0.19.8 is not passed over there: the engine is not built, after the queue and
the loading of the model, whatever the value is.

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
from configlint.core.rule import Finding, rule
from configlint.rules.deepspeed import SECTION, settings, stage
from configlint.rules.deepspeed._keys import REMOVED

_HELP = {
    "amp": "delete it: training.bf16 or training.fp16 decides on the precision",
    "curriculum_learning": "write it in data_efficiency.data_sampling",
}


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is None:
        return
    for key, _ in settings(plan):
        if key in REMOVED:
            name = key.rpartition(".")[2]
            message = f"`{name}` is refused by DeepSpeed since {REMOVED[key]}"
            yield Finding(SECTION + key, message, _HELP.get(key, "delete it"), on_key=True)
