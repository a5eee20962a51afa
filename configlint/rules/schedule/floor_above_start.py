"""The least learning rate of a schedule is not below the rate that it starts from.

polynomial refuses it, when the optimizer has been made. The others go on without a word: the cosine and
warmup_stable_decay climb where they were to fall, and reduce_lr_on_plateau and greedy never lower the
rate. greedy does so by default: its min_lr is 0.001, more than most trainings start with.

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
from configlint.rules.schedule._made import scheduler, scheduler_kwargs

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
        yield _finding(plan, name, key, floor, f"learning_rate {code(start)}")
    key = _SHARES.get(name, "")
    share = real(kwargs.get(key))
    if share is not None and share > 1:
        yield _finding(plan, name, key, share, "the whole of the learning rate")


def _default(plan: Plan, name: str) -> float | None:
    if name == "greedy":
        return _GREEDY_FLOOR
    keys = plan.release.others.get(f"scheduler:{name}")
    known = keys.get("lr_end") if keys else None
    return real(known.default) if known else None


def _finding(plan: Plan, name: str, key: str, floor: float, start: str) -> Finding:
    written = key in scheduler_kwargs(plan)
    described = f"{key} {code(floor)}" + ("" if written else f" ({name}'s default)")
    if name == "polynomial":
        what = "which it refuses"
    else:
        what = "so that the rate never falls" if name in BY_METRIC else "so that the rate climbs"
    relation = "not below" if name == "polynomial" or name in BY_METRIC else "above"
    return Finding(
        "training.lr_scheduler_kwargs" if written else plan.path("lr_scheduler_type"),
        f"{name} has {described}, {relation} {start}, {what}",
        f"write a smaller {key}" if written else f"write `lr_scheduler_kwargs: {{{key}: …}}` with less",
        None if name == "polynomial" else Severity.WARNING,
        related=(("training.learning_rate", start),) if plan.given("training.learning_rate") else (),
        on_key=written,
    )
