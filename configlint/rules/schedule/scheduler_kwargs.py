"""`lr_scheduler_kwargs` does not match the arguments of the schedule.

The schedule is created after the model is loaded: a key that it does not have, or a required one that is missing,
fails there.

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

from collections.abc import Iterator, Sequence

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import Layer, is_required
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, Row, rule
from configlint.core.values import mapping
from configlint.core.wording import listing
from configlint.rules.schedule._made import scheduler, with_kwargs

_TYPE, _KWARGS = "lr_scheduler_type", "lr_scheduler_kwargs"
# Of these a schedule wants exactly one, in every release that has it.
_ONE_OF = ("min_lr", "min_lr_rate")
# Of these Transformers says only that they take more.
_PLATEAU = ("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr", "eps", "verbose")
_GREEDY = (*_PLATEAU, "warmup", "max_lr", "smooth", "window_size", "reset_start")
_BY_METRIC = {"reduce_lr_on_plateau": _PLATEAU, "greedy": _GREEDY}


_ROWS = {
    "unknown-scheduler-argument": Row("The schedule has no such argument."),
    "missing-scheduler-argument": Row("The schedule requires another argument in `lr_scheduler_kwargs`."),
    "both-minimum-rates": Row("At most one of `min_lr` and `min_lr_rate` may be given to the schedule."),
}


@rule(Severity.ERROR, rows=_ROWS)
def check(plan: Plan) -> Iterator[Finding]:
    schedule, kwargs = scheduler(plan), mapping(plan.argument(_KWARGS) or {})
    if schedule is None or kwargs is None or _KWARGS not in plan.release.arguments:
        return
    layer = plan.release.others.get(f"scheduler:{schedule}")
    taken = layer.held() if layer and kwargs else {}
    names = _BY_METRIC.get(schedule) or (*taken,)
    yield from _foreign(plan, schedule, kwargs, names)
    if layer:
        # What is misspelt is not missing.
        meant = {key if key in names else plan.nearest(key, names) or key: value for key, value in kwargs.items()}
        yield from _missing(plan, schedule, meant, layer)


def _foreign(plan: Plan, schedule: str, kwargs: dict[str, object], taken: tuple[str, ...]) -> Iterator[Finding]:
    # get_scheduler hands nothing on to the two constant ones.
    if schedule.startswith("constant"):
        return
    for key in kwargs:
        if key not in taken:
            path, close = plan.path(_KWARGS), plan.nearest(key, taken)
            remedies = _renamed(path, kwargs, key, close if close not in kwargs else None, taken)
            message = f"the schedule {schedule} has no argument `{key}`"
            yield Finding(path, message, remedies, row="unknown-scheduler-argument")


def _renamed(
    path: str, kwargs: dict[str, object], key: str, close: str | None, taken: tuple[str, ...]
) -> Sequence[Put | Drop]:
    """The key as it was meant, or without it."""
    if close:
        return with_kwargs(path, {close if name == key else name: value for name, value in kwargs.items()})
    left = {name: value for name, value in kwargs.items() if name != key}
    why = f"it takes {listing(taken)}" if taken else "it takes no arguments"
    return with_kwargs(path, left, why) if left else [Drop(path, why)]


def _missing(plan: Plan, schedule: str, kwargs: dict[str, object], layer: Layer) -> Iterator[Finding]:
    path = plan.path(_KWARGS) if plan.given(plan.path(_KWARGS)) else plan.path(_TYPE)
    required = [key for key, argument in layer.held().items() if key != "**" and is_required(argument)]
    missing = [key for key in required if key not in kwargs]
    if missing:
        remedies = with_kwargs(plan.path(_KWARGS), {**kwargs, **{key: _steps(plan, key) for key in missing}})
        message = f"the schedule {schedule} requires {listing((f'`{key}`' for key in missing), 'and')}"
        yield Finding(path, message, remedies, row="missing-scheduler-argument")
    given = [key for key in _ONE_OF if kwargs.get(key) is not None]
    names = [f"`{key}`" for key in _ONE_OF]
    if not layer.get(_ONE_OF[0]) or len(given) == 1:
        return
    if given:
        message = f"at most one of {listing(names)} may be given to the schedule {schedule}"
        left = [{key: value for key, value in kwargs.items() if key != other} for other in _ONE_OF]
        remedies = [put for each in left for put in with_kwargs(path, each)]
        yield Finding(path, message, remedies, row="both-minimum-rates")
        return
    share = with_kwargs(plan.path(_KWARGS), {**kwargs, _ONE_OF[1]: 0.1}, "a tenth of the learning rate")
    message = f"the schedule {schedule} requires {listing(names, 'or')}"
    yield Finding(path, message, share, row="missing-scheduler-argument")


def _steps(plan: Plan, key: str) -> int:
    """A usual number of steps for a required argument: a tenth of the run to decay, the rest to be stable."""
    total, warmup = plan.schedule.total_steps or 1000, plan.schedule.warmup_steps or 0
    decay = max(total // 10, 1)
    return decay if key == "num_decay_steps" else max(total - warmup - decay, 1)
