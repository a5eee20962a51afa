"""DeepSpeed's config and the training arguments name different values for one thing.

The Trainer compares the two when it has the model and the data, and refuses to train where they differ, be it
only in type. `auto` takes the argument's value.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: AdamW, params: {lr: 1e-4}}}}
    training: {learning_rate: 2e-5}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: AdamW, params: {lr: auto}}}}
    training: {learning_rate: 2e-5}

Source: transformers 5.23 integrations/deepspeed.py, trainer_config_process and trainer_config_finalize
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import code
from configlint.rules.deepspeed import SECTION, stage

_RATE = "learning_rate"
_PARAMS = {
    "optimizer.params.lr": _RATE,
    "optimizer.params.eps": "adam_epsilon",
    "optimizer.params.weight_decay": "weight_decay",
    "scheduler.params.warmup_max_lr": _RATE,
}


class Meant(NamedTuple):
    """What a key must equal: its name, its place, and its value where that is known."""

    name: str
    path: str
    value: object


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is None:
        return
    for key, meant in _meant(plan).items():
        setting = plan.spec.settings.get(SECTION + key)
        if setting is None or setting.mapping or meant.value is None:
            continue
        if setting.value not in (None, "auto", meant.value):
            named = f"{meant.name} {code(meant.value)}"
            yield Finding(
                SECTION + key,
                f"{key} {code(setting.value)} is not {named}, and DeepSpeed's config must agree",
                "write auto",
                related=((meant.path, named),) if plan.given(meant.path) else (),
            )


def _meant(plan: Plan) -> dict[str, Meant]:
    found = {key: Meant(name, plan.path(name), real(plan.argument(name))) for key, name in _PARAMS.items()}
    betas = [real(plan.argument(name)) for name in ("adam_beta1", "adam_beta2")]
    value = None if None in betas else betas
    found["optimizer.params.betas"] = Meant("adam_beta1 and adam_beta2", plan.path("adam_beta2"), value)
    schedule = plan.schedule
    found["scheduler.params.total_num_steps"] = Meant("total_steps", "schedule.total_steps", schedule.total_steps)
    # Since 5.18 no warmup is one step here, as newer releases of DeepSpeed refuse 0.
    least = int(plan.release.transformers >= (5, 18))
    steps = None if schedule.warmup_steps is None else max(schedule.warmup_steps, least)
    found["scheduler.params.warmup_num_steps"] = Meant("warmup_steps", "schedule.warmup_steps", steps)
    return found
