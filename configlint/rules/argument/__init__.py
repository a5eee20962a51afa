"""Training arguments: whether the release has them, where they stand and what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from configlint.edit import KEPT, Change
from configlint.plan import Plan, Use
from configlint.release import Argument, Facts, Layer, Version
from configlint.rules.batch import DERIVED
from configlint.syntax.scalars import resolve
from configlint.values import whole
from configlint.wording import code

_NOUNS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def applies(plan: Plan) -> bool:
    return bool(
        plan.training or plan.arguments or plan.given("parallel") or plan.given("transformers") or plan.given("trl")
    )


def uses(plan: Plan) -> Iterator[Use]:
    """The arguments that were written, save those that the spec's own sections decide on."""
    return (use for use in plan.uses if use.name not in DERIVED)


def known(plan: Plan) -> Iterator[tuple[Use, Argument]]:
    """Those that the release has, and what it knows of them."""
    return ((use, use.argument) for use in uses(plan) if use.argument is not None)


def elsewhere(plan: Plan) -> Iterator[tuple[Use, Layer]]:
    """Those that other releases have, and the layer that knows of them."""
    for use in uses(plan):
        if use.argument is None and (layers := plan.release.lives(use.name)):
            yield use, layers[0]


def is_over(layer: Layer, name: str) -> bool:
    """Whether an argument that the release does not have was there before it."""
    came: Version = layer.arguments[name]["life"][0][0]
    return came <= layer.version


class Replacement(NamedTuple):
    """What to write in an argument's place: in words, as a change where that loses nothing, and whether
    `compile` does it by itself."""

    help: str
    fix: Change | None = None
    compiled: bool = False


def replacement(plan: Plan, use: Use, layer: Layer) -> Replacement:
    """What takes the place of an argument in the release, by its life in a layer."""
    facts = layer.arguments[use.name]
    target = plan.release.arguments.get(facts.get("by", ""))
    change = _change(use, facts, target if target and layer.version >= facts["from"] else None)
    if change is None:
        return Replacement(facts.get("help") or "delete it")
    fix = None if change.key in plan.training else change
    if change.delete:
        return Replacement(facts.get("help", "delete it") if facts.get("no_effect") else "delete it", fix)
    value = use.value if change.value is KEPT else change.value
    return Replacement(f"write `{change.key}: {code(value)}`", fix, compiled=change.value is KEPT)


def _change(use: Use, facts: Facts, target: Argument | None) -> Change | None:
    if target and facts.get("same_value") and is_kind(use.value, target.kinds) and not _is_beyond(use.value, facts):
        return Change(use.path, key=target.name)
    for value, others in facts.get("values", {}).items():
        if value == use.value and type(value) is type(use.value) and len(others) < 2:
            if not others:
                return Change(use.path, delete=True)
            [(name, new)] = others.items()
            return Change(use.path, key=name, value=new) if target else None
    return Change(use.path, delete=True) if facts.get("no_effect") else None


def _is_beyond(value: object, facts: Facts) -> bool:
    """Whether a value is so large that it would mean something else: a ratio of 1."""
    return "below" in facts and isinstance(value, int | float) and value >= facts["below"]


def described(kinds: tuple[str, ...]) -> str:
    """`a number`, `true or false`, `a text or a list`; that null is taken too need not be said."""
    nouns = [_NOUNS[kind] for kind in kinds if kind != "null" and not (kind == "integer" and "number" in kinds)]
    return " or ".join(nouns)


def is_kind(value: object, kinds: tuple[str, ...]) -> bool:
    """Whether a value is of one of the kinds; any is where none is known."""
    if not kinds:
        return True
    if value is None:
        return "null" in kinds
    if isinstance(value, bool):
        return "boolean" in kinds
    if isinstance(value, int):
        return "integer" in kinds or "number" in kinds
    names: dict[type, str] = {float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)] in kinds


def as_number(value: object, kinds: tuple[str, ...]) -> int | float | None:
    """The number that a text is, where a number is meant and no text is taken."""
    if not isinstance(value, str) or "string" in kinds or not {"integer", "number"} & {*kinds}:
        return None
    try:
        number = resolve(value.strip()) if value.strip() else None
    except ValueError:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return number if is_kind(number, kinds) else whole(number)


_MEANT = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def as_boolean(value: object, kinds: tuple[str, ...]) -> bool | None:
    """What a text stands for where true or false is meant and no text is taken."""
    if not isinstance(value, str) or "boolean" not in kinds or "string" in kinds:
        return None
    return _MEANT.get(value.strip().lower())


def is_boolean_for_word(value: object, argument: Argument) -> bool:
    return isinstance(value, bool) and bool(argument.choices) and not is_kind(value, argument.kinds)
