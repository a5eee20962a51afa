"""What takes the place of an argument that is gone or going."""

from __future__ import annotations

from typing import NamedTuple

from configlint.core.edit import KEPT, Change
from configlint.core.plan import Plan, Use
from configlint.core.release import Argument, Facts, Layer, is_kind
from configlint.core.wording import code
from configlint.rules.argument import is_scripts


class Replacement(NamedTuple):
    """What to write in an argument's place: in words, as a change where that loses nothing, and whether
    `compile` does it by itself."""

    help: str
    fix: Change | None = None
    compiled: bool = False


def replacement(plan: Plan, use: Use, layer: Layer) -> Replacement:
    """What takes the place of an argument in the release, by its life in a layer."""
    facts = layer.arguments[use.name]
    target = layer.get(new := facts.get("by", "")) or plan.release.arguments.get(new)
    if target and layer.version < facts["from"]:
        target = None
    change = _change(use, facts, target)
    if change is None:
        help = facts.get("help", "delete it")
        if target and facts.get("same_value") and use.value is not None:
            help = f"write `{new}`: {help}" if "help" in facts else f"write `{new}`"
        return Replacement(help)
    if change.key in (plan.arguments if is_scripts(use) else plan.training):
        return Replacement(f"delete it: `{change.key}` is given too")
    if change.delete:
        return Replacement(facts.get("help", "delete it") if facts.get("no_effect") else "delete it", change)
    renamed = change.value is KEPT
    value = use.value if renamed else change.value
    write = (
        f"write `{change.key}`"
        if renamed and isinstance(value, list | dict)
        else f"write `{change.key}: {code(value)}`"
    )
    help = f"{write}: {facts['help']}" if renamed and "help" in facts else write
    return Replacement(help, change, compiled=renamed and not is_scripts(use))


def _change(use: Use, facts: Facts, target: Argument | None) -> Change | None:
    if use.value is None and facts.get("default") and facts["default"][0][1] is None:
        return Change(use.path, delete=True)  # as if it were not given
    for value, others in facts.get("values", {}).items():
        if value == use.value and type(value) is type(use.value) and len(others) < 2:
            if not others:
                return Change(use.path, delete=True)
            [(name, new)] = others.items()
            return Change(use.path, key=name, value=new) if target else None
    if target and facts.get("same_value") and is_kind(use.value, target.kinds) and not _is_beyond(use.value, facts):
        return Change(use.path, key=target.name)
    return Change(use.path, delete=True) if facts.get("no_effect") else None


def _is_beyond(value: object, facts: Facts) -> bool:
    """Whether a value is so large that it would mean something else: a ratio of 1."""
    return "below" in facts and isinstance(value, int | float) and value >= facts["below"]
