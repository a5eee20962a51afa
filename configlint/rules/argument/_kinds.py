"""Values of another type than an argument takes, and what was meant by them."""

from __future__ import annotations

from math import isfinite

from configlint.core.plan import Plan
from configlint.core.release import Argument, is_kind
from configlint.core.values import whole
from configlint.core.wording import listing
from configlint.syntax.scalars import resolve

_NOUNS = {
    "boolean": ("true", "false"),
    "integer": ("a whole number",),
    "number": ("a number",),
    "string": ("a text",),
    "array": ("a list",),
    "object": ("a mapping",),
}


def described(kinds: tuple[str, ...]) -> str:
    """`a number`, `true or false`, `a text or a list`; that null is taken too need not be said."""
    skipped = {"null", "integer"} if "number" in kinds else {"null"}
    nouns = [noun for kind in sorted(kinds, key="boolean".__ne__) if kind not in skipped for noun in _NOUNS[kind]]
    return listing(dict.fromkeys(nouns), "or")


def as_number(value: object, kinds: tuple[str, ...]) -> int | float | None:
    """The number that a text is, where a number is meant and no text is taken."""
    if not isinstance(value, str) or "string" in kinds or not {"integer", "number"} & {*kinds}:
        return None
    try:
        number = resolve(value.strip()) if value.strip() else None
    except ValueError:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
        return None
    return number if is_kind(number, kinds) else whole(number)


def is_converted(plan: Plan) -> bool:
    """Whether the JSON is read by TRL's parser, which makes of a text what the argument is.

    Source: trl 1.16 scripts/utils.py, set_defaults_with_config; argparse converts defaults that are texts.
    """
    return plan.release.trl is not None and plan.launch.config_flag == "--config"


_MEANT = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def as_boolean(value: object, kinds: tuple[str, ...]) -> bool | None:
    """What a text stands for where true or false is meant and no text is taken."""
    if not isinstance(value, str) or "boolean" not in kinds or "string" in kinds:
        return None
    return _MEANT.get(value.strip().lower())


def is_boolean_for_word(value: object, argument: Argument) -> bool:
    return isinstance(value, bool) and bool(argument.choices) and not is_kind(value, argument.kinds)
