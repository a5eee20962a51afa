"""A training argument does not reach DeepSpeed's own optimizer or scheduler.

The Trainer fills in only the parameters that are set to `auto`. For those that are missing DeepSpeed uses
its own defaults: a learning rate of 0.001, a warmup of 1,000 steps.

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

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import code, count
from configlint.knowledge.optimizers import is_adam
from configlint.rules.deepspeed import SECTION, is_configured, kind, stage, warmup_steps

_RATE, _WARMUP = 0.001, 1000
# By the parameters of DeepSpeed's Adam.
_ARGUMENTS = {"weight_decay": "weight_decay", "eps": "adam_epsilon", "betas": "adam_beta2"}


@rule(Severity.ERROR, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is not None:
        yield from _optimizer(plan)
        yield from _schedule(plan)


def _optimizer(plan: Plan) -> Iterator[Finding]:
    name, rate = kind(plan, "optimizer") or "", real(plan.argument("learning_rate"))
    if not is_adam(name):
        return
    sets_rate = plan.given(f"{SECTION}scheduler") and kind(plan, "scheduler") != "WarmupCosineLR"
    if not sets_rate and rate not in (None, _RATE):
        yield from _unset(plan, "optimizer.lr", "learning_rate", _default("learning rate", str(_RATE), code(rate)))
    for key, argument in _ARGUMENTS.items():
        path = plan.path(argument)
        setting, default = plan.spec.settings.get(path), plan.release.default(argument)
        if setting and real(setting.value) not in (None, default):
            ignored = f"`{plan.name(path)}` {code(setting.value)} is ignored"
            yield from _unset(plan, f"optimizer.{key}", argument, ignored)


def _schedule(plan: Plan) -> Iterator[Finding]:
    name, rate = kind(plan, "scheduler"), real(plan.argument("learning_rate"))
    if name == "WarmupDecayLR" and rate not in (None, _RATE):
        what = _default("learning rate", str(_RATE), code(rate))
        yield from _unset(plan, "scheduler.warmup_max_lr", "learning_rate", what)
    steps = warmup_steps(plan)
    if name in ("WarmupLR", "WarmupDecayLR", "WarmupCosineLR") and steps not in (None, _WARMUP):
        what = _default("warmup", count(_WARMUP, "step"), f"{steps:,}")
        yield from _unset(plan, "scheduler.warmup_num_steps", "warmup_steps", what)


def _default(what: str, default: str, meant: str) -> str:
    return f"the {what} is {default} (DeepSpeed's default) instead of {meant}"


def _unset(plan: Plan, place: str, argument: str, what: str) -> Iterator[Finding]:
    """That a key is not there; milder where it is only a default of the Trainer's that does not hold."""
    block, _, key = place.partition(".")
    path = f"{SECTION}{block}.params.{key}"
    if plan.given(path):
        return
    message = f"the `params` of {kind(plan, block)} have no `{key}`, so {what}"
    written = (argument, "warmup_ratio") if argument == "warmup_steps" else (argument,)
    severity = None if any(plan.given(plan.path(name)) for name in written) else Severity.WARNING
    yield Finding(f"{SECTION}{block}.type", message, [Put(path, "auto")], severity)
