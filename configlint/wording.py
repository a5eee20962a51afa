"""Small things that every sentence for users needs."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that somebody who wrote `word` most likely meant, if any is near.

    Case, hyphens and underscores do not count.
    """
    from difflib import get_close_matches  # costs 2 ms, needed only where something is wrong

    def fold(name: str) -> str:
        return name.lower().replace("-", "").replace("_", "")

    names = {fold(name): name for name in known}
    close = get_close_matches(fold(word), names, n=1, cutoff=0.7)
    return names[close[0]] if close else None


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 error`, `2 errors`, `51,760 examples`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listing(names: Iterable[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def code(value: object) -> str:
    """A value as it stands in a spec: `true`, `null`, `[1, 2]`, text bare."""
    if isinstance(value, float) and value - value != 0:
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    import json

    return json.dumps(value, ensure_ascii=False, default=str)


def in_a_line(text: str) -> str:
    """A text that may repeat what a user wrote, without line breaks and the like."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
