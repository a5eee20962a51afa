"""What a value must be to be reckoned with: each function gives it, or None where it is something else."""

from __future__ import annotations

from math import isfinite

_LARGEST = 2**40


class OnlyAtRuntime(Exception):
    """A rule depends on a value that only the running program knows: it is silent then."""


class _AtRuntime:
    """A value that the file computes: whatever is asked of it, only the running program knows."""

    def __repr__(self) -> str:
        return "AT_RUNTIME"

    def __str__(self) -> str:
        raise OnlyAtRuntime

    def __bool__(self) -> bool:
        raise OnlyAtRuntime

    def __eq__(self, other: object) -> bool:
        if other is not self:
            raise OnlyAtRuntime
        return True

    def __hash__(self) -> int:
        return id(self)


AT_RUNTIME = _AtRuntime()


def whole(value: object) -> int | None:
    """An integer; `2.0` is one."""
    number = real(value)
    return int(number) if number is not None and number == int(number) else None


def positive(value: object) -> int | None:
    number = whole(value)
    return number if number is not None and number > 0 else None


def natural(value: object) -> int | None:
    number = whole(value)
    return number if number is not None and number >= 0 else None


def real(value: object) -> float | None:
    """A number of a size that somebody can have meant, so that no sum of them overflows."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -_LARGEST <= value <= _LARGEST else None


def decimal(digits: str) -> int:
    """The number that a text of decimal digits is. One beyond all sense is _LARGEST + 1: Python itself refuses some
    thousands of digits."""
    return min(int(digits), _LARGEST + 1) if len(digits) <= len(str(_LARGEST)) else _LARGEST + 1


def text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def names(value: object) -> tuple[str, ...] | None:
    """One name or several."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        return None
    return tuple(found)


def share(value: object) -> float | None:
    """From 0 to below 1."""
    number = real(value)
    return float(number) if number is not None and 0 <= number < 1 else None


def bits(value: object) -> int | None:
    """Those of a quantized weight."""
    number = whole(value)
    return number if number in (4, 8) else None


def is_finite(value: object) -> bool:
    """Whether a value is neither infinity nor NaN."""
    return not isinstance(value, float) or isfinite(value)


def mapping(value: object) -> dict[str, object] | None:
    """A mapping, or one as JSON text, which the config classes take too; a path is none."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        import json

        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None
