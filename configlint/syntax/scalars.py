"""YAML 1.2 core: what a plain scalar is. `2e-5` is a number, `no` a text."""

from __future__ import annotations

import math

from configlint.core.regex import regex

_NULL = frozenset(["", "~", "null", "Null", "NULL"])
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = regex(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = regex(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = regex(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER_START = frozenset("0123456789+-.")
# Python refuses to read or print more than 4,300 decimal digits (sys.int_info.default_max_str_digits),
# to save time; hexadecimal ones are fewer by a sixth.
_MAX_DIGITS = 3500


def resolve(text: str) -> object:
    """The value of a plain scalar.

    Raises:
        ValueError: an integer too long to be read.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if text[0] in _NUMBER_START:
        return _number(text)
    return text


def resolve_1_1(text: str) -> object:
    """The value of a plain scalar as PyYAML's safe loader has it, which follows YAML 1.1: `2e-5` is a text, `no` is
    false. A date, which JSON has not, stays a text; so does what PyYAML cannot read."""
    from yaml.constructor import ConstructorError, SafeConstructor
    from yaml.nodes import ScalarNode
    from yaml.resolver import Resolver

    tag = Resolver().resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    try:
        value: object = SafeConstructor().construct_object(ScalarNode(tag, text))
    except (ConstructorError, ValueError, OverflowError):
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


def _number(text: str) -> object:
    if _INT.fullmatch(text):
        if len(text) > _MAX_DIGITS:
            raise ValueError(f"an integer of {len(text):,} digits")
        # int(text, 0) would refuse leading zeros, which YAML 1.2 reads as decimal.
        return int(text, 0) if text[1:2] in ("x", "o") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if match := _NOT_FINITE.fullmatch(text):
        return float(text.lower().replace(".", "")) if match[1] is not None else math.nan
    return text
