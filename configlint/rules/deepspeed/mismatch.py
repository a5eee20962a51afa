"""DeepSpeed's config and the training arguments set different values for the same thing.

The Trainer compares the two once it has the model and the data, and refuses to train if they differ, even if only
in type. `auto` takes over the argument's value. A warmup that only DeepSpeed's scheduler has is such a case: the
Trainer's own is 0 by default.

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

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.remedy import Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.values import positive, real
from configlint.core.wording import code, count
from configlint.rules.deepspeed import SECTION, got, is_configured, stage, warmup_steps

_RATE, _WARMUP = "learning_rate", "scheduler.params.warmup_num_steps"
_PARAMS = {
    "optimizer.params.lr": _RATE,
    "optimizer.params.eps": "adam_epsilon",
    "optimizer.params.weight_decay": "weight_decay",
    "scheduler.params.warmup_max_lr": _RATE,
}


class Expected(NamedTuple):
    """What a key must match: in a sentence, its place, and its value where that is known."""

    said: str
    path: str
    value: object


@rule(Severity.ERROR, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is None:
        return
    for key, meant in _meant(plan).items():
        setting = plan.spec.settings.get(SECTION + key)
        if setting is None or setting.mapping or meant.value is None:
            continue
        if setting.value not in (None, "auto", meant.value):
            said = f"`{key}` must match {meant.said}, got {got(setting.value)}"
            yield Finding(
                SECTION + key,
                f"{said}; the Trainer rejects a mismatch",
                _remedies(plan, key, setting.value),
                related=((meant.path, meant.said),) if plan.given(meant.path) else (),
            )


def _remedies(plan: Plan, key: str, value: object) -> list[Remedy]:
    """A warmup that stands here alone is meant: of the Trainer's arguments none says anything else."""
    to_auto, steps = Put(SECTION + key, "auto"), positive(value)
    if key != _WARMUP or steps is None or plan.writes("warmup_steps", "warmup_ratio"):
        return [to_auto]
    return [Put("training.warmup_steps", steps), to_auto]


def _meant(plan: Plan) -> dict[str, Expected]:
    found = {key: _argument(plan, name) for key, name in _PARAMS.items()}
    found["optimizer.params.betas"] = _betas(plan)
    total, warmup = plan.schedule.total_steps, warmup_steps(plan)
    said = f"the run's {count(total or 0, 'step')}"
    found["scheduler.params.total_num_steps"] = Expected(said, "schedule.total_steps", total)
    # Since 5.18 no warmup is one step here, as newer releases of DeepSpeed refuse 0.
    least = int(plan.release.transformers >= (5, 18))
    steps = None if warmup is None else max(warmup, least)
    said = f"the warmup of {count(steps or 0, 'step')}"
    if not plan.writes("warmup_steps", "warmup_ratio"):
        said += " (the Trainer's default)"
    found[_WARMUP] = Expected(said, "schedule.warmup_steps", steps)
    return found


def _argument(plan: Plan, name: str) -> Expected:
    path, value = plan.path(name), real(plan.argument(name))
    return Expected(f"`{plan.name(path)}` {code(value)}", path, value)


def _betas(plan: Plan) -> Expected:
    first, second = plan.path("adam_beta1"), plan.path("adam_beta2")
    betas = [real(plan.argument(name)) for name in ("adam_beta1", "adam_beta2")]
    said = f"`{plan.name(first)}` and `{plan.name(second)}` {code(betas)}"
    return Expected(said, second, None if None in betas else betas)
