"""`lr_scheduler_kwargs` does not fit the schedule.

The schedule is made after the model is loaded and the accelerator prepared: a key that it does not take, or one
that it needs and does not get, fails there.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {lr_scheduler_type: cosine_with_min_lr}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training:
      lr_scheduler_type: cosine_with_min_lr
      lr_scheduler_kwargs: {min_lr_rate: 0.1}

Source: transformers 5.23 optimization.py, get_scheduler, the schedules and GreedyLR; torch 2.13
optim/lr_scheduler.py, ReduceLROnPlateau (`verbose` in older ones)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import Layer
from configlint.core.rule import Finding, rule
from configlint.core.values import mapping
from configlint.core.wording import listing
from configlint.rules.schedule._made import scheduler

_TYPE, _KWARGS = "lr_scheduler_type", "lr_scheduler_kwargs"
# Of these a schedule wants exactly one, in every release that has it.
_ONE_OF = ("min_lr", "min_lr_rate")
# Of these Transformers says only that they take more.
_PLATEAU = ("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr", "eps", "verbose")
_GREEDY = (*_PLATEAU, "warmup", "max_lr", "smooth", "window_size", "reset_start")
_BY_METRIC = {"reduce_lr_on_plateau": _PLATEAU, "greedy": _GREEDY}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    schedule, kwargs = scheduler(plan), mapping(plan.argument(_KWARGS) or {})
    if schedule is None or kwargs is None or _KWARGS not in plan.release.arguments:
        return
    layer = plan.release.others.get(f"scheduler:{schedule}")
    taken = layer.held() if layer and kwargs else {}
    yield from _foreign(plan, schedule, kwargs, _BY_METRIC.get(schedule) or (*taken,))
    if layer:
        yield from _missing(plan, schedule, kwargs, layer)


def _foreign(plan: Plan, schedule: str, kwargs: dict[str, object], taken: tuple[str, ...]) -> Iterator[Finding]:
    # get_scheduler hands nothing on to the two constant ones.
    if schedule.startswith("constant"):
        return
    for key in kwargs:
        if key not in taken:
            close = plan.nearest(key, taken)
            takes = f"it takes {listing(taken)}" if taken else "it takes none"
            yield Finding(
                plan.path(_KWARGS),
                f"the schedule {schedule} takes no `{key}`",
                f"did you mean `{close}`?" if close else takes,
            )


def _missing(plan: Plan, schedule: str, kwargs: dict[str, object], layer: Layer) -> Iterator[Finding]:
    path = plan.path(_KWARGS) if plan.given(plan.path(_KWARGS)) else plan.path(_TYPE)
    for key in layer.held():
        if key != "**" and "default" not in layer.arguments[key] and key not in kwargs:
            yield Finding(path, f"the schedule {schedule} needs `{key}`", f"write `{_KWARGS}: {{{key}: …}}`")
    given = [key for key in _ONE_OF if kwargs.get(key) is not None]
    if layer.get(_ONE_OF[0]) and len(given) != 1:
        number = "not both" if given else "one of the two"
        help = "delete one" if given else f"write `{_KWARGS}: {{min_lr_rate: 0.1}}`, a share of the learning rate"
        yield Finding(path, f"the schedule {schedule} needs {listing(_ONE_OF, 'or')}, {number}", help)
