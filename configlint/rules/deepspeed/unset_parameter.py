"""A training argument does not reach DeepSpeed's own optimizer or schedule.

Only what stands there as `auto` is filled in from the arguments. What is left out is DeepSpeed's own: a learning
rate of 0.001, a warmup of 1000 steps.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: AdamW, params: {betas: auto}}}}
    training: {learning_rate: 2e-5}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: AdamW, params: {lr: auto, betas: auto}}}}
    training: {learning_rate: 2e-5}

Source: transformers 5.23 integrations/deepspeed.py, fill_match (what is not there is not filled in); deepspeed
0.19.8 ops/adam/fused_adam.py and cpu_adam.py, runtime/lr_schedules.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule
from configlint.rules.deepspeed import SECTION, kind, stage, value
from configlint.values import real
from configlint.wording import code

_RATE, _WARMUP = 0.001, 1000
# By the parameters of DeepSpeed's Adam.
_ARGUMENTS = {"weight_decay": "weight_decay", "eps": "adam_epsilon", "betas": "adam_beta2"}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is not None:
        yield from _optimizer(plan)
        yield from _schedule(plan)


def _optimizer(plan: Plan) -> Iterator[Finding]:
    name, rate = kind(plan, "optimizer") or "", real(plan.argument("learning_rate"))
    if name.lower() not in ("adam", "adamw"):
        return
    sets_rate = plan.given(f"{SECTION}scheduler") and kind(plan, "scheduler") != "WarmupCosineLR"
    if not _has(plan, "optimizer", "lr") and not sets_rate and rate not in (None, _RATE):
        yield _finding(plan, "optimizer", "lr", f"the learning rate is {_RATE}, not {code(rate)}")
    for key, argument in _ARGUMENTS.items():
        path = plan.path(argument)
        setting, default = plan.spec.settings.get(path), plan.release.default(argument)
        if setting and real(setting.value) not in (None, default) and not _has(plan, "optimizer", key):
            said = f"{path.rpartition('.')[2]} {code(setting.value)}"
            yield _finding(plan, "optimizer", key, f"{said} does not reach it")


def _schedule(plan: Plan) -> Iterator[Finding]:
    name, rate = kind(plan, "scheduler"), real(plan.argument("learning_rate"))
    if name == "WarmupDecayLR" and not _has(plan, "scheduler", "warmup_max_lr") and rate not in (None, _RATE):
        yield _finding(plan, "scheduler", "warmup_max_lr", f"the learning rate is {_RATE}, not {code(rate)}")
    steps = plan.schedule.warmup_steps
    known = name in ("WarmupLR", "WarmupDecayLR", "WarmupCosineLR")
    if known and not _has(plan, "scheduler", "warmup_num_steps") and steps not in (None, _WARMUP):
        yield _finding(plan, "scheduler", "warmup_num_steps", f"the warmup has {_WARMUP} steps, not {steps}")


def _has(plan: Plan, block: str, key: str) -> bool:
    return plan.given(f"{SECTION}{block}.params.{key}")


def _finding(plan: Plan, block: str, key: str, what: str) -> Finding:
    message = f"there is no {key} in the params of {value(plan, f'{block}.type')}, so {what}"
    return Finding(f"{SECTION}{block}.type", message, f"write `{key}: auto` in its params")
