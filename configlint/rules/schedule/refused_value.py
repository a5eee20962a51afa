"""A value in `lr_scheduler_kwargs` is one that the schedule refuses.

Its keys reach the schedule when the optimizer has been made: after the queue and the loading of the model,
where it fails.

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
from configlint.rules.schedule._made import scheduler, scheduler_kwargs

_SHAPES = ("linear", "cosine", "1-sqrt")
_BY_METRIC = {"mode": ("min", "max"), "threshold_mode": ("rel", "abs")}
_CHOICES = {"warmup_stable_decay": {"warmup_type": _SHAPES, "decay_type": _SHAPES}} | dict.fromkeys(
    BY_METRIC, _BY_METRIC
)


@rule(Severity.ERROR)
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
                "training.lr_scheduler_kwargs",
                f"{name} takes {listing(choices, 'or')} for {key}, not {code(kwargs[key])}",
                f"did you mean `{close}`?" if close else None,
                on_key=True,
            )
    factor = real(kwargs.get("factor")) if name in BY_METRIC else None
    if factor is not None and factor >= 1:
        yield Finding(
            "training.lr_scheduler_kwargs",
            f"{name} multiplies the rate by its factor to lower it, and {code(factor)} does not",
            "write less than 1",
            on_key=True,
        )
