"""What replaces an argument that was removed or is deprecated."""

from __future__ import annotations

from configlint.core.edit import KEPT
from configlint.core.plan import Plan, Use
from configlint.core.record import NamedTuple
from configlint.core.regex import regex
from configlint.core.release import Argument, Facts, Layer, is_kind
from configlint.core.remedy import Drop, Move, Put, Remedy, Say
from configlint.core.values import mapping
from configlint.core.writing import written
from configlint.rules.argument import is_of_trainer, passed_to_config
from configlint.rules.argument._kinds import percentage

_REMOVE = regex(r"remove it:? ?")


class Replacement(NamedTuple):
    """What to do about an argument, and whether `compile` does it by itself."""

    remedies: tuple[Remedy, ...]
    compiled: bool = False


def replacement(plan: Plan, use: Use, layer: Layer) -> Replacement:
    """What replaces an argument in the release, by its life in a layer."""
    facts = layer.arguments[use.name]
    new = facts.get("by", "")
    target = layer.get(new) or (None if is_of_trainer(use) else plan.release.arguments.get(new))
    if target and layer.version < facts["from"]:
        target = None
    act = _act(use, facts, target)
    if act is None and (elsewhere := passed_to_config(plan, use)):
        return Replacement((elsewhere,))
    if act is None:
        return Replacement((_advice(plan, use, facts, target),))
    if isinstance(act, Drop):
        return Replacement((act,))
    if act.to in plan.spec.settings:
        return Replacement((_merged(plan, act) or Drop(use.path, f"`{plan.name(act.to)}` is set too"),))
    return Replacement((act,), compiled=act.value is KEPT and use.path.startswith("training."))


def _act(use: Use, facts: Facts, target: Argument | None) -> Drop | Move | None:
    """What loses nothing; None where there is no such thing."""
    if use.value is None and facts.get("default") and facts["default"][0][1] is None:
        return _removed(use, facts)  # as if it were not given
    for value, others in facts.get("values", {}).items():
        if value == use.value and type(value) is type(use.value) and len(others) < 2:
            if not others:
                return _removed(use, facts)
            [(name, new)] = others.items()
            return Move(use.path, _beside(use, name), new, safe=True) if target else None
    if target and facts.get("same_value") and is_kind(use.value, target.kinds) and not _is_beyond(use.value, facts):
        return Move(use.path, _beside(use, target.name), why=facts.get("help", ""), safe=True)
    share = percentage(use.value)
    if target and facts.get("same_value") and share is not None and "number" in target.kinds:
        return Move(use.path, _beside(use, target.name), share, why=facts.get("help", ""))
    return _removed(use, facts) if facts.get("no_effect") else None


def _merged(plan: Plan, act: Move) -> Remedy | None:
    """To add it to the mapping that is there, or to the file of that name; None where that has it already."""
    if not isinstance(act.value, dict):
        return None
    there = plan.spec.settings[act.to].value
    held = {} if there is None else mapping(there)
    if held is not None:
        return None if act.value.keys() & held else (Drop(act.path), Put(act.to, {**held, **act.value}))
    return Say(f"move it to {there}: `{written(act.value)}`") if isinstance(there, str) else None


def _removed(use: Use, facts: Facts) -> Drop:
    why = _REMOVE.sub("", facts.get("help", "")) if facts.get("no_effect") else ""
    return Drop(use.path, why, safe=True)


def _advice(plan: Plan, use: Use, facts: Facts, target: Argument | None) -> Remedy:
    """What to do where something is lost, or where the value must be another one."""
    help: str = facts.get("help", "")
    if target and facts.get("same_value") and use.value is not None:
        path = _beside(use, target.name)
        return Say(f"write `{plan.name(path)}` instead" + (f": {help}" if help else ""), (path,))
    rest = _REMOVE.sub("", help)
    if rest == help and rest:
        is_said = plan.can_say("launch.env") or "launch.env" not in help
        return Say(help) if is_said else Drop(use.path)
    return Say(f"remove it {rest}") if rest.startswith(("and ", "or ")) else Drop(use.path, rest)


def _beside(use: Use, name: str) -> str:
    """The path of another argument of the same section."""
    return f"{use.path.partition('.')[0]}.{name}"


def _is_beyond(value: object, facts: Facts) -> bool:
    """Whether a value is so large that it would mean something else: a ratio of 1."""
    return "below" in facts and isinstance(value, int | float) and value >= facts["below"]
