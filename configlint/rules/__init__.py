"""The rules: one module each, `<family>/<defect>.py`, found by being there.

A family's `__init__` has `applies(plan)`, so that what does not concern a spec is never loaded. It may also
have `ONLY_IF`, conditions by the names of its modules, for rules that few specs concern.
A rule may be a table of defects (`Rule.rows`), whose rows have names of their own in the family.
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

# Names that rules had, and what stands for each today: an ignore comment may still use them. The name of a table
# needs no line: in a comment it stands for all rows.
RENAMED: dict[str, tuple[str, ...]] = {
    "parallel/deepspeed-mismatch": ("deepspeed/mismatch",),
    "parallel/double-checkpointing": ("fsdp/double-checkpointing",),
    "parallel/old-fsdp": ("fsdp/old-version",),
    "parallel/refused-fsdp-value": ("fsdp/refused-value",),
    "parallel/ungathered-weights": ("deepspeed/ungathered-weights",),
}


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
    """The names that findings have: this imports all rules, as only their modules know the names of rows."""
    return frozenset(name for rule in all_rules() for name in rule.names)


def is_name(name: str) -> bool:
    """Whether a rule, or a row of one, has this name. That of a rule is the name of its file, so that to know it
    imports nothing; for that of a row the family is imported."""
    family, _, defect = name.partition("/")
    if family not in families():
        return False
    is_file = defect.replace("-", "_") in _modules(family) and "_" not in defect
    return is_file or any(name in rule.names for rule in of_family(family))


@cache
def _modules(family: str) -> list[str]:
    files = sorted(os.listdir(os.path.join(_HERE, family)))
    return [file[:-3] for file in files if file.endswith(".py") and not file.startswith("_")]
