"""The rules: one module each, `<family>/<defect>.py`, found by being there.

A family's `__init__` has `applies(plan)`, so that what does not concern a spec is never loaded. It may also
have `ONLY_IF`, conditions by the names of its modules, for rules that few specs concern.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType

from configlint.core.plan import Plan
from configlint.core.rule import Rule

_HERE = os.path.dirname(__file__)


def for_plan(plan: Plan) -> Iterator[Rule]:
    """The rules of the families that apply to a plan."""
    for family in families():
        if _family(family).applies(plan):
            only_if = getattr(_family(family), "ONLY_IF", {})
            for name in _modules(family):
                if name not in only_if or only_if[name](plan):
                    yield _rule(family, name)


def all_rules() -> Iterator[Rule]:
    for family in families():
        yield from of_family(family)


@cache
def _family(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")


@cache
def families() -> tuple[str, ...]:
    return tuple(sorted(name for name in os.listdir(_HERE) if "." not in name and not name.startswith("_")))


@cache
def of_family(family: str) -> tuple[Rule, ...]:
    return tuple(_rule(family, name) for name in _modules(family))


@cache
def _rule(family: str, name: str) -> Rule:
    rule: Rule = import_module(f"{__name__}.{family}.{name}").check
    return rule


@cache
def rule_names() -> frozenset[str]:
    """All names, from the file names alone: to know them imports nothing."""
    return frozenset(f"{family}/{name.replace('_', '-')}" for family in families() for name in _modules(family))


@cache
def _modules(family: str) -> list[str]:
    files = sorted(os.listdir(os.path.join(_HERE, family)))
    return [file[:-3] for file in files if file.endswith(".py") and not file.startswith("_")]
