"""The lowest learning rate of a schedule is not below the rate it starts from.

polynomial rejects it once the optimizer is created. The others go on silently: the cosine schedules and
warmup_stable_decay raise the rate instead of lowering it, and reduce_lr_on_plateau and greedy never lower it. With
greedy this happens by default: its min_lr is 0.001, more than most trainings start with.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2e-5, lr_scheduler_type: greedy, eval_strategy: epoch}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training:
      learning_rate: 2e-5
      lr_scheduler_type: greedy
      lr_scheduler_kwargs: {min_lr: 1e-6}
      eval_strategy: epoch

Source: transformers 5.23 optimization.py, get_polynomial_decay_schedule_with_warmup,
get_cosine_with_min_lr_schedule_with_warmup and GreedyLR; run: fifty worse evaluations leave greedy at 5e-05
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import code
from configlint.rules.schedule import BY_METRIC
from configlint.rules.schedule._made import scheduler, scheduler_kwargs, with_kwargs

_KWARGS = "training.lr_scheduler_kwargs"
_RATES = {
    "polynomial": "lr_end",
    "cosine_with_min_lr": "min_lr",
    "cosine_warmup_with_min_lr": "min_lr",
    "reduce_lr_on_plateau": "min_lr",
    "greedy": "min_lr",
}
# As a part of the learning rate.
_SHARES = {
    "cosine_with_min_lr": "min_lr_rate",
    "cosine_warmup_with_min_lr": "min_lr_rate",
    "warmup_stable_decay": "min_lr_ratio",
}
# Source: GreedyLR.__init__; polynomial's is in the release's own table.
_GREEDY_FLOOR = 1e-3


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    name, kwargs, start = scheduler(plan), scheduler_kwargs(plan), real(plan.argument("learning_rate"))
    if name is None or start is None or start <= 0:
        return
    key = _RATES.get(name, "")
    floor = real(kwargs[key]) if key in kwargs else _default(plan, name)
    # Equal, the cosine is a constant rate, as somebody may want it.
    if floor is not None and (floor > start or (floor == start and "cosine" not in name)):
        path = plan.path("learning_rate")
        default = "" if plan.given(path) else " (the Trainer's default)"
        yield _finding(plan, name, key, floor, f"`{plan.name(path)}` {code(start)}{default}", start / 10)
    key = _SHARES.get(name, "")
    share = real(kwargs.get(key))
    if share is not None and share > 1:
        yield _finding(plan, name, key, share, "1, the full learning rate", 0.1)


def _default(plan: Plan, name: str) -> float | None:
    if name == "greedy":
        return _GREEDY_FLOOR
    keys = plan.release.others.get(f"scheduler:{name}")
    known = keys.get("lr_end") if keys else None
    return real(known.default) if known else None


def _finding(plan: Plan, name: str, key: str, floor: float, start: str, lower: float) -> Finding:
    kwargs = scheduler_kwargs(plan)
    written = key in kwargs
    described = f"`{key}` {code(floor)}" + ("" if written else f" ({name}'s default)")
    rejects = name == "polynomial"
    what = "rejects it" if rejects else "never lowers the rate" if name in BY_METRIC else "raises the rate"
    relation = "not below" if rejects or name in BY_METRIC else "above"
    remedies = with_kwargs(_KWARGS, {**kwargs, key: float(f"{lower:.2g}")})
    return Finding(
        _KWARGS if written else plan.path("lr_scheduler_type"),
        f"{described} is {relation} {start}, so {name} {what}",
        remedies if "lr_scheduler_kwargs" in plan.release.arguments else [],
        None if rejects else Severity.WARNING,
        related=(("training.learning_rate", start),) if plan.given("training.learning_rate") else (),
        on_key=written,
    )
