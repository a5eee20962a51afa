"""A DeepSpeed setting has no effect in this config.

Only ZeRO-3 offloads parameters, and only ZeRO-3 reads the keys that begin with stage3_; ZeRO-0 reads nothing of
zero_optimization but the offloading of the optimizer. Other keys configure parts of DeepSpeed that the Trainer does
not use: it checkpoints activations and loads data by itself, and Accelerate turns off DeepSpeed's step reports. A
job that relies on such a key runs out of memory, or trains on data that was to be dropped.

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
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Move, Put, Remedy
from configlint.core.rule import Finding, Row, rule
from configlint.knowledge._generated.deepspeed import SECTIONS
from configlint.rules.argument._resolved import activation_checkpointing
from configlint.rules.deepspeed import (
    OFFLOADS,
    SECTION,
    is_configured,
    offloads,
    settings,
    stage,
    value,
    with_data,
    zero,
)

_ZERO = "zero_optimization."
_KEYS = SECTIONS["zero_optimization"].keys()
# It takes these with `stage3_` in front and without.
_STAGE_3 = {key for key in _KEYS if key.startswith("stage3_") or f"stage3_{key}" in _KEYS}
_PARAMS = OFFLOADS[1].removeprefix(_ZERO)


_ROWS = {
    "parameter-offload-below-zero3": Row("Only ZeRO-3 offloads parameters."),
    "zero3-key-below-zero3": Row("Only ZeRO-3 reads this key of zero_optimization.", Severity.INFO, fixes=True),
    "zero-key-with-zero0": Row("ZeRO-0 shards nothing, so this key has no effect.", Severity.INFO, fixes=True),
    "overridden-steps-per-print": Row(
        "`steps_per_print` has no effect because Accelerate overrides it.", Severity.INFO, True
    ),
    "ignored-drop-last": Row("`dataloader_drop_last` has no effect on the Trainer's data loader."),
    "ignored-checkpointing": Row(
        "`activation_checkpointing` has no effect because the Trainer checkpoints activations by itself."
    ),
}


@rule(Severity.WARNING, rows=_ROWS, when=is_configured)
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
            logging = plan.name(plan.path("logging_steps"))
            yield _idle(
                "overridden-steps-per-print",
                key,
                ": Accelerate overrides it",
                f"`{logging}` sets how often the Trainer logs",
            )
        elif key == "dataloader_drop_last" and setting.value is True:
            yield _finding("ignored-drop-last", key, " on the Trainer's data loader", _drop_last(plan, key))
        elif key == "activation_checkpointing" and _asks(plan, key):
            where = ": the Trainer checkpoints activations by itself"
            yield _finding("ignored-checkpointing", key, where, _checkpointing(plan, key))


def _zero(plan: Plan, key: str, number: int) -> Iterator[Finding]:
    """What only another stage reads."""
    name = key.removeprefix(_ZERO)
    if name == _PARAMS and offloads(plan, key):
        where = f" under {zero(plan)}: only ZeRO-3 offloads parameters"
        # To a disk it takes a path, too.
        works = value(plan, f"{key}.device") == "cpu" or plan.given(f"{SECTION}{key}.nvme_path")
        remedies = [*([with_data(plan, "zero3")] if works else []), Drop(SECTION + key)]
        yield _finding("parameter-offload-below-zero3", key, where, remedies)
    elif name in _STAGE_3:
        yield _idle("zero3-key-below-zero3", key, f" under {zero(plan)}: only ZeRO-3 reads it")
    elif number == 0 and name in _KEYS - {"stage", "offload_optimizer", _PARAMS}:
        yield _idle("zero-key-with-zero0", key, " under ZeRO-0: nothing is sharded")


def _drop_last(plan: Plan, key: str) -> list[Remedy]:
    path = plan.path("dataloader_drop_last")
    return [Drop(SECTION + key) if plan.given(path) else Move(SECTION + key, path)]


def _checkpointing(plan: Plan, key: str) -> list[Remedy]:
    drop = Drop(SECTION + key)
    if activation_checkpointing(plan):
        return [drop]
    return [(drop, Put(plan.path("activation_checkpointing"), True))]


def _idle(row: str, key: str, where: str, why: str = "") -> Finding:
    """Of what nobody can have relied on, which is safe to remove."""
    return _finding(row, key, where, [Drop(SECTION + key, why, safe=True)])


def _finding(row: str, key: str, where: str, remedies: list[Remedy]) -> Finding:
    message = f"`{key.rpartition('.')[2]}` has no effect{where}"
    return Finding(SECTION + key, message, remedies, on_key=True, row=row)


def _asks(plan: Plan, key: str) -> bool:
    """Whether something in a mapping is turned on."""
    values = plan.spec.section(SECTION + key).values()
    return any(value not in (False, None) for value in values)
