"""Whether DeepSpeed takes a value for a key or a parameter, by what schemas/deepspeed_config.yaml describes.

Its models convert what they can, as pydantic does: "5", 5.0 and true are integers to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from operator import ge, gt, le, lt

from configlint.core.plan import Plan
from configlint.core.regex import regex
from configlint.core.remedy import Drop, Meant, Put, Remedy, Say
from configlint.core.rule import Finding
from configlint.core.typing import Any
from configlint.core.wording import code, listing
from configlint.rules.argument._kinds import as_boolean, as_number, choose, described
from configlint.rules.deepspeed import got

Facts = Mapping[str, Any]

# The words that pydantic reads as true or false, and the strings that it reads as an integer.
_WORDS = ("0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes")
_WHOLE = regex(r"\s*[+-]?\d+(_\d+)*(\.0+)?\s*", re.ASCII)
_LARGEST = 2**63

# By the words of JSON Schema: what a value must be, and whether it is.
BOUNDS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "minimum": ("{} or more", ge),
    "exclusiveMinimum": ("greater than {}", gt),
    "maximum": ("{} or less", le),
    "exclusiveMaximum": ("less than {}", lt),
}


def wanted(facts: Facts, value: object) -> str | None:
    """What a value must be, as `an integer` or `greater than 0`, where DeepSpeed refuses this one."""
    kinds = facts.get("type", ["any"])
    if not any(_is_taken(kind, facts, value) for kind in kinds):
        return listing(facts["choices"], "or") if "choices" in facts else _noun(kinds)
    if "items" in facts and isinstance(value, list):
        return next(
            (f"a list of {_plural(facts['items'])}" for item in value if wanted(facts["items"], item)), None
        )
    if "choices" in facts and not _is_choice(facts, value):
        return listing(facts["choices"], "or")
    number = number_of(value) if {"integer", "number"} & {*kinds} else None
    for key, (bound, is_kept) in BOUNDS.items():
        if key in facts and number is not None and not is_kept(number, facts[key]):
            return bound.format(f"{facts[key]:g}")
    return "finite" if facts.get("finite") and number is not None and not isfinite(number) else None


def said(facts: Facts, value: object) -> str:
    """A value in a sentence; where words or a mapping are wanted, nobody takes a string for something else."""
    if isinstance(value, dict):
        return "a mapping"
    return code(value) if "choices" in facts or "object" in facts.get("type", ()) else got(value)


def is_read_as_number(facts: Facts, value: object) -> bool:
    """Whether true or false is taken for 1 or 0, which nobody means."""
    kinds = {*facts.get("type", ())}
    return isinstance(value, bool) and bool({"integer", "number"} & kinds) and "boolean" not in kinds


def remedies(path: str, facts: Facts, value: object) -> list[Remedy]:
    """What was meant, or to leave it to DeepSpeed."""
    kinds = tuple(facts.get("type", ()))
    if "choices" in facts:
        return choose(path, facts["choices"])
    choices = facts.get("items", {}).get("choices")
    if choices:
        return [Say(f"choose from {listing(choices)}")]
    meant = as_boolean(value, kinds) if "boolean" in kinds else as_number(value, kinds)
    if meant is not None and wanted(facts, meant) is None:
        return [Put(path, meant, safe=True)]
    if kinds == ("array",) and isinstance(value, str) and wanted(facts, [value]) is None:
        return [Put(path, [value], safe=True)]
    return [] if facts.get("required") else [Drop(path, "DeepSpeed then uses its own default")]


def unknown_parameter(plan: Plan, path: str, name: str, takes: Mapping[str, Facts]) -> Finding:
    """Of a parameter at `path` that the scheduler or optimizer `name` does not have."""
    section, _, key = path.rpartition(".")
    close = plan.nearest(key, takes)
    meant: Remedy = Drop(path, f"{name} takes only {listing(takes)}")
    if close and not plan.given(f"{section}.{close}"):
        meant = Meant(path, f"{section}.{close}")
    return Finding(path, f"{name} rejects the unknown parameter `{key}`", [meant], on_key=True)


def _noun(kinds: Sequence[str]) -> str:
    if not kinds:
        return "left out"  # what no JSON can hold
    # Where both are taken, a number was not meant.
    return described(("boolean",) if "boolean" in kinds else tuple(kinds))


def _plural(facts: Facts) -> str:
    return listing(facts["choices"], "or") if "choices" in facts else "strings"


def _is_choice(facts: Facts, value: object) -> bool:
    if facts.get("folded") and isinstance(value, str):
        return value.lower() in [choice.lower() for choice in facts["choices"]]
    return value in facts["choices"]


def _is_taken(kind: str, facts: Facts, value: object) -> bool:
    """Whether a value is of a kind, or is converted to it."""
    if isinstance(value, str) and kind in ("boolean", "integer", "number") and not facts.get("strings", True):
        return False
    if isinstance(value, float) and not facts.get("floats", True):
        return False
    if isinstance(value, bool) and kind in ("integer", "number"):
        return bool(facts.get("booleans", True))
    return kind == "any" or _IS_TAKEN[kind](value)


def _is_flag(value: object) -> bool:
    return value in (0, 1) or (isinstance(value, str) and value.lower() in _WORDS)


def _is_whole(value: object) -> bool:
    if isinstance(value, float):
        return value.is_integer() and -_LARGEST < value < _LARGEST
    return bool(_WHOLE.fullmatch(value)) if isinstance(value, str) else isinstance(value, int)


def number_of(value: object) -> float | None:
    """The number that a value is converted to."""
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None


_IS_TAKEN: dict[str, Callable[[object], bool]] = {
    "boolean": _is_flag,
    "integer": _is_whole,
    "number": lambda value: number_of(value) is not None,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}
