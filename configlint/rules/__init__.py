"""The rules: one module each, `<family>/<defect>.py`, found by being there.

A family's `__init__` has `applies(plan)`, so that what does not concern a spec is never loaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType

from configlint.plan import Plan
from configlint.rule import Rule

_HERE = os.path.dirname(__file__)


def for_plan(plan: Plan) -> Iterator[Rule]:
    """The rules of the families that apply to a plan."""
    for family in families():
        if _family(family).applies(plan):
            yield from of_family(family)


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
    return tuple(import_module(f"{__name__}.{family}.{name}").check for name in _modules(family))


@cache
def rule_names() -> frozenset[str]:
    """All names, from the file names alone: to know them imports nothing."""
    return frozenset(f"{family}/{name.replace('_', '-')}" for family in families() for name in _modules(family))


def _modules(family: str) -> list[str]:
    files = sorted(os.listdir(os.path.join(_HERE, family)))
    return [file[:-3] for file in files if file.endswith(".py") and not file.startswith("_")]
