"""The schedule rejects a value in `lr_scheduler_kwargs`.

The keys reach the schedule once the optimizer is created, so the job fails after the model is loaded.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training:
      lr_scheduler_type: warmup_stable_decay
      lr_scheduler_kwargs: {num_decay_steps: 100, decay_type: exponential}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training:
      lr_scheduler_type: warmup_stable_decay
      lr_scheduler_kwargs: {num_decay_steps: 100, decay_type: 1-sqrt}

Source: transformers 5.23 optimization.py, get_wsd_schedule and GreedyLR; torch 2.13 optim/lr_scheduler.py,
ReduceLROnPlateau
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import code, listing
from configlint.rules.schedule import BY_METRIC
from configlint.rules.schedule._made import scheduler, scheduler_kwargs, with_kwargs

_KWARGS = "training.lr_scheduler_kwargs"
_SHAPES = ("linear", "cosine", "1-sqrt")
_BY_METRIC = {"mode": ("min", "max"), "threshold_mode": ("rel", "abs")}
_CHOICES = {"warmup_stable_decay": {"warmup_type": _SHAPES, "decay_type": _SHAPES}} | dict.fromkeys(
    BY_METRIC, _BY_METRIC
)


@rule(Severity.ERROR, when=lambda plan: plan.writes("lr_scheduler_kwargs"))
def check(plan: Plan) -> Iterator[Finding]:
    name, kwargs = scheduler(plan), scheduler_kwargs(plan)
    keys = plan.release.others.get(f"scheduler:{name}")
    if name is None or keys is None:
        return
    for key, choices in _CHOICES.get(name, {}).items():
        # That the release does not know the key is another mistake.
        if key in kwargs and kwargs[key] not in choices and (keys.get(key) or keys.get("**")):
            close = plan.nearest(str(kwargs[key]), choices)
            yield Finding(
                _KWARGS,
                f"`{key}` of {name} must be {listing(choices, 'or')}, got {code(kwargs[key])}",
                with_kwargs(_KWARGS, {**kwargs, key: close}) if close else [],
                on_key=True,
            )
    factor = real(kwargs.get("factor")) if name in BY_METRIC else None
    if factor is not None and factor >= 1:
        yield Finding(
            _KWARGS,
            f"`factor` of {name} must be below 1 to lower the rate, got {code(factor)}",
            with_kwargs(_KWARGS, {**kwargs, "factor": 0.5}),
            on_key=True,
        )
