"""Values of a type that an argument does not accept, and what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from configlint.core.plan import Plan
from configlint.core.regex import regex
from configlint.core.release import Argument, is_kind
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.values import whole
from configlint.core.wording import listing
from configlint.core.writing import written
from configlint.syntax.scalars import resolve

# Choices that a line can name.
_MOST = 8
_PERCENTAGE = regex(r"([0-9]{1,2}(?:\.[0-9]+)?) ?%")
_NOUNS = {
    "boolean": ("true", "false"),
    "integer": ("an integer",),
    "number": ("a number",),
    "string": ("a string",),
    "array": ("a list",),
    "object": ("a mapping",),
}


def percentage(value: object) -> float | None:
    """The share of the whole that a text like `3%` is."""
    found = _PERCENTAGE.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(found[1]) / 100 if found else None


def described(kinds: tuple[str, ...]) -> str:
    """`a number`, `true or false`, `a string or a list`; null is left out even where it is accepted."""
    skipped = {"null", "integer"} if "number" in kinds else {"null"}
    nouns = [noun for kind in sorted(kinds, key="boolean".__ne__) if kind not in skipped for noun in _NOUNS[kind]]
    return listing(dict.fromkeys(nouns), "or")


def as_number(value: object, kinds: tuple[str, ...]) -> int | float | None:
    """The number that a string stands for, where a number is expected and no string is accepted."""
    if not isinstance(value, str) or "string" in kinds or not {"integer", "number"} & {*kinds}:
        return None
    try:
        number = resolve(value.strip())
    except ValueError:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
        return None
    return number if is_kind(number, kinds) else whole(number)


def is_converted(plan: Plan) -> bool:
    """Whether the JSON is read by TRL's parser, which converts strings to the argument's type, or by a script that
    may do so.

    Source: trl 1.16 scripts/utils.py, set_defaults_with_config; argparse converts defaults that are strings.
    """
    return plan.spec.reader.coerces or (plan.release.trl is not None and plan.launch.config_flag == "--config")


_MEANT = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def as_boolean(value: object, kinds: tuple[str, ...]) -> bool | None:
    """What a string stands for where true or false is expected and no string is accepted."""
    if not isinstance(value, str) or "boolean" not in kinds or "string" in kinds:
        return None
    return _MEANT.get(value.strip().lower())


def is_boolean_for_word(value: object, argument: Argument) -> bool:
    return isinstance(value, bool) and bool(argument.choices) and not is_kind(value, argument.kinds)


def choose(path: str, choices: Sequence[object]) -> list[Remedy]:
    """The remedies where a value must be one of some words."""
    return [Put(path, choice) for choice in choices] if len(choices) <= 2 else [one_of(choices)]


def one_of(choices: Sequence[object]) -> Say:
    names = [written(choice) for choice in choices]
    more = [f"… ({len(names) - _MOST} more)"] if len(names) > _MOST else []
    return Say(f"write one of {', '.join(names[:_MOST] + more)}")
