"""The rules: one module each, `<family>/<defect>.py`, and an index of them that schemas/generate.py makes.

A family's `__init__` has `applies(plan)`, and a rule that few plans concern has `@rule(…, when=…)`: both are in the
index, so that what does not concern a plan is never loaded.
A rule may be a table of defects (`Rule.rows`), whose rows have names of their own in the family.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module

from configlint.core.plan import Plan
from configlint.core.rule import Rule
from configlint.core.values import OnlyAtRuntime
from configlint.rules._index import FAMILIES, RULES

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
    """The rules that a plan may concern."""
    for family, modules in FAMILIES.items():
        for module in modules(plan) if plan.spec.call is None else _of_call(plan, family):
            yield _rule(family, module)


def _of_call(plan: Plan, family: str) -> list[str]:
    """The modules of a family that a call may concern: all, where a condition is only known at runtime."""
    try:
        return list(FAMILIES[family](plan))
    except OnlyAtRuntime:
        return [name.partition("/")[2].replace("-", "_") for name in RULES if name.startswith(f"{family}/")]


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule: this imports them all."""
    names = (name.split("/") for name in RULES)
    return tuple(_rule(family, defect.replace("-", "_")) for family, defect in names)


@cache
def _rule(family: str, module: str) -> Rule:
    rule: Rule = import_module(f"{__name__}.{family}.{module}").check
    return rule


@cache
def rule_names() -> frozenset[str]:
    """The names that findings have."""
    return frozenset(name for names in RULES.values() for name in names)


def is_name(name: str) -> bool:
    """Whether a rule, or a row of one, has this name."""
    return name in RULES or name in rule_names()


@cache
def selectable() -> frozenset[str]:
    """The names that select rules: of findings, of tables, and those that rules had."""
    return rule_names() | RULES.keys() | RENAMED.keys()
