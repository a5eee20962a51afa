"""A setting of DeepSpeed's has no effect where it stands.

Parameters are offloaded by ZeRO 3 alone, and whatever begins with stage3_ is read there alone; without ZeRO
nothing of zero_optimization is. Other settings are for parts of DeepSpeed that the Trainer does not use: it
checkpoints activations and loads data by itself, and prints no steps of DeepSpeed's. Who relies on them runs out
of memory, or waits for what never comes.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {zero_optimization: {offload_param: {device: cpu}}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, deepspeed: {zero_optimization: {offload_param: {device: cpu}}}}

Source: deepspeed 0.19.8 runtime/engine.py, _configure_zero_optimizer (what each stage is handed);
runtime/activation_checkpointing/checkpointing.py, configure (which only a script calls); accelerate 1.1 and 1.15
utils/dataclasses.py, DeepSpeedPlugin.__post_init__ (steps_per_print is infinite), accelerator.py,
_prepare_deepspeed (no data is handed over)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.deepspeed import OFFLOADS, SECTION, offloads, settings, stage
from configlint.rules.deepspeed._keys import KNOWN, STAGE_3

_ZERO = "zero_optimization."
_PARAMS = OFFLOADS[1].removeprefix(_ZERO)


@rule(Severity.WARNING, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    number = stage(plan)
    if number is None:
        return
    for key, setting in settings(plan):
        if plan.spec.is_shared(setting):
            continue
        if key.startswith(_ZERO) and number < 3:
            yield from _zero(plan, key, number)
        elif key == "steps_per_print":
            yield _finding(key, "with the Trainer, whose logging_steps counts", "delete it", Severity.INFO)
        elif key == "dataloader_drop_last" and setting.value is True:
            help = "write training.dataloader_drop_last"
            yield Finding(SECTION + key, f"`{key}` has no effect on the Trainer's data loader", help, on_key=True)
        elif key == "activation_checkpointing" and _asks(plan, key):
            help = "delete it: training.activation_checkpointing turns on the Trainer's"
            if plan.release.transformers < (5, 23):
                help = help.replace("training.activation_", "training.gradient_")
            yield _finding(key, "on the Trainer, which checkpoints by itself", help)


def _zero(plan: Plan, key: str, number: int) -> Iterator[Finding]:
    """What only another stage reads."""
    name = key.removeprefix(_ZERO)
    if name == _PARAMS and offloads(plan, key):
        help = "write `data: zero3`, or delete it"
        yield _finding(key, f"with zero{number}: only zero3 offloads parameters", help)
    elif name in STAGE_3:
        yield _finding(key, f"with zero{number}", "delete it: only zero3 reads it", Severity.INFO)
    elif number == 0 and name in KNOWN["zero_optimization"] - {"stage", "offload_optimizer", _PARAMS}:
        yield _finding(key, "with zero0, which shards nothing", "delete it", Severity.INFO)


def _finding(key: str, where: str, help: str, severity: Severity | None = None) -> Finding:
    path, name = SECTION + key, key.rpartition(".")[2]
    # Whoever wanted something by it has a choice to make.
    fix = Change(path, delete=True) if severity is Severity.INFO else None
    return Finding(path, f"`{name}` has no effect {where}", help, severity, on_key=True, fix=fix)


def _asks(plan: Plan, key: str) -> bool:
    """Whether something in a mapping is turned on."""
    values = plan.spec.section(SECTION + key).values()
    return any(value not in (False, None) for value in values)
