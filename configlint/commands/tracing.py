"""Where the closed form does not know a model, `fit` asks the trace; `--save` keeps what it said for `check`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import SimpleNamespace

from configlint import knowledge
from configlint.core.errors import UsageError
from configlint.core.plan import Plan
from configlint.core.profile import Accelerator, Model
from configlint.core.typing import Any
from configlint.core.values import text
from configlint.core.workload import CATEGORIES, Estimate, Workload
from configlint.host import atomic
from configlint.knowledge.facts import WEIGHTS
from configlint.memory.options import Fit
from configlint.memory.saved import KEY, SavedStep, as_figure, of_several
from configlint.solver import solve

_PATH = "model.config"
Waiting = Callable[[str], AbstractContextManager[None]]


class Tracing:
    """Answers what a workload takes by a trace, and keeps the figures; `refusal` is why there was none."""

    def __init__(self, accelerator: Accelerator | None, waiting: Waiting) -> None:
        self.accelerator = accelerator
        self.waiting = waiting
        self.figures: list[dict[str, object]] = []
        self.refusal: str | None = None

    def __call__(self, workload: Workload) -> Estimate | None:
        from configlint.memory.trace import trace

        if self.refusal:
            return None  # one size is like another
        with self.waiting(f"tracing a training step of {workload.batch} samples"):
            result = trace(workload)
        if isinstance(result, str):
            self.refusal = result
            return None
        self.figures.append(as_figure(workload, result))
        return as_estimate(result, workload, self.accelerator)


def as_estimate(result: Any, workload: Workload, accelerator: Accelerator | None) -> Estimate:
    """What was traced, with the same constants on top as the closed form has."""
    from configlint.memory.closed_form import on_device

    breakdown = {**dict.fromkeys(CATEGORIES, 0), **result["breakdown"]}
    step = SavedStep(result["allocated"], result["phase"], breakdown, result["phases"])
    step = of_several(step, result["trained_bytes"], workload)
    return on_device(step, workload, accelerator)._replace(method="trace")


def with_cached_model(plan: Plan) -> Plan:
    """The plan with the model that the Hub's cache has, where that is all that is missing of it."""
    from configlint.knowledge.hub import find_cached

    setting = plan.spec.settings.get(_PATH) or plan.spec.settings.get(WEIGHTS)
    name = text(setting.value) if setting and plan.model is None else None
    model = find_cached(name) if name else None
    if model is None:
        return plan
    known = {key: getattr(knowledge, key) for key in dir(knowledge) if not key.startswith("_")}

    def find_model(asked: str, folder: str) -> Model | tuple[str, ...]:
        return model if asked == name else knowledge.find_model(asked, folder)

    def find_by_hub_id(asked: str) -> Model | None:
        return model if asked == name else knowledge.find_by_hub_id(asked)

    return solve(
        plan.spec, SimpleNamespace(**{**known, "find_model": find_model, "find_by_hub_id": find_by_hub_id})
    )


def save(answers: Sequence[Fit]) -> tuple[str, bool]:
    """Write the model's config, and what was traced of it, beside the file that names the model: where, and whether
    that file names it already.

    Raises:
        UsageError: there is nothing to save, or no one place for it.
    """
    models = {answer.plan.model.name: answer.plan for answer in answers if answer.plan.model}
    if len(models) != 1:
        problem = "the targets have several models: choose one with --target" if models else "no model is known"
        raise UsageError(f"nothing was saved: {problem}")
    (name, plan), *_ = models.items()
    setting, model = plan.spec.settings.get(_PATH), plan.model
    if setting is None or model is None:
        raise UsageError("nothing was saved: no model is known")
    figures = [figure for answer in answers for figure in answer.figures]
    if model.hub_ids and not figures:
        raise UsageError(f"nothing was saved: {name} is bundled: its memory is known without a trace")
    source = setting.span.source.name
    place = os.path.splitext(source)[0] + ".model.json"
    _write(place, {**model.config, KEY: {"memory": _merged(model.config, figures)}})
    return place, os.path.normpath(os.path.join(os.path.dirname(source), name)) == os.path.normpath(place)


def _merged(config: dict[str, object], figures: list[dict[str, object]]) -> list[object]:
    """Those that were there, but for what is of the same setting and batch now."""
    held = config.get(KEY)
    before = held.get("memory") if isinstance(held, dict) else None
    keys = ("setting", "batch", "accumulation", "padded")
    found: dict[str, object] = {}
    for figure in [*(before if isinstance(before, list) else ()), *figures]:
        if isinstance(figure, dict):
            found[json.dumps([figure.get(key) for key in keys], sort_keys=True)] = figure
    return list(found.values())


def _write(place: str, document: dict[str, object]) -> None:
    there = atomic.content(place)
    if there is not None and KEY not in (atomic.mapping(place) or {}):
        raise UsageError(f"nothing was saved: {place} exists and was not written by configlint")
    made = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    if there == made:
        return
    staged = atomic.new(place)
    atomic.create(staged, made)
    os.replace(staged, place)
