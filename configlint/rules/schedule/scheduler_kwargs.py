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

Source: transformers 5.23 optimization.py, get_scheduler and the schedules
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.release import Layer
from configlint.rule import Finding, rule
from configlint.values import mapping
from configlint.wording import listing, nearest

_TYPE, _KWARGS = "lr_scheduler_type", "lr_scheduler_kwargs"
# Of these a schedule wants exactly one, in every release that has it.
_ONE_OF = ("min_lr", "min_lr_rate")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    schedule = plan.argument(_TYPE)
    layer = plan.release.others.get(f"scheduler:{schedule}")
    kwargs = mapping(plan.argument(_KWARGS) or {})
    if kwargs is None or (layer is None and schedule not in ("linear", "constant", "constant_with_warmup")):
        return
    taken = layer.held() if layer else {}
    yield from _foreign(plan, str(schedule), kwargs, [*taken])
    if layer:
        yield from _missing(plan, str(schedule), kwargs, layer)


def _foreign(plan: Plan, schedule: str, kwargs: dict[str, object], taken: list[str]) -> Iterator[Finding]:
    # get_scheduler hands nothing on to the two constant ones.
    if "**" in taken or schedule.startswith("constant"):
        return
    for key in kwargs:
        if key not in taken:
            close = nearest(key, taken)
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
