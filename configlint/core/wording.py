"""Small things that every sentence for users needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

# Of how many words in a file it is looked for what was meant: each costs up to a millisecond, and in a file with
# more that are unknown something else is wrong than their spelling.
_MOST_WORDS = 200

# Letters of a word of which another letter makes no other word.
_SHORTEST = 6


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that somebody who wrote `word` most likely meant, if any is near: never one with a number that
    is not in the word.

    Case, hyphens, underscores, dots and blanks do not count.
    """
    return _nearest(word, tuple(known))


class Suggestions:
    """`nearest` for the words of one file, for the first of them only; all plans of a file ask the same one, so
    that a word has the same answer in each."""

    def __init__(self) -> None:
        self._asked: set[str] = set()

    def __call__(self, word: str, known: Iterable[str]) -> str | None:
        if len(self._asked) < _MOST_WORDS:
            self._asked.add(word)
        return nearest(word, known) if word in self._asked else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Suggestions)  # what it was asked changes no plan

    def __hash__(self) -> int:
        return hash(Suggestions)


# Many files of a run have the same words in them, and many targets of a file.
@cache
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    from difflib import get_close_matches  # costs 2 ms, needed only where something is wrong

    folded, names = _fold(word), {_fold(name): name for name in known}
    if folded in names:
        return names[folded]
    names = {short: name for short, name in names.items() if _has_numbers_of(word, name)}
    close = get_close_matches(folded, names, n=1, cutoff=0.7)
    if close and (close[0].startswith(folded) or folded not in close[0]):
        return names[close[0]]
    # `adamw` is the beginning of adamw_torch rather than the end of grokadamw.
    begun = [name for name in names.values() if name.lower().startswith((f"{word.lower()}_", f"{word.lower()}-"))]
    if close:
        return begun[0] if begun else names[close[0]]
    return begun[0] if len(begun) == 1 else None


def _fold(name: str) -> str:
    return re.sub(r"[-_. ]", "", name.lower())


def _has_numbers_of(word: str, name: str) -> bool:
    """Whether all numbers of a name are in a word: with another one it is another device, model or stage."""
    return {*re.findall(r"\d+", name)} <= {*re.findall(r"\d+", word)}


def one_off(word: str, known: Iterable[str]) -> str | None:
    """The known name that a word is but for one letter, or two that changed places; short words are too near to
    each other, and another digit is no misspelling."""
    if len(word) < _SHORTEST:
        return None
    alike = (name for name in known if abs(len(name) - len(word)) < 2 and _has_numbers_of(word, name))
    return next((name for name in alike if _is_one_off(word, name)), None)


def _is_one_off(word: str, name: str) -> bool:
    if word == name:
        return False
    pairs = enumerate(zip(word, name, strict=False))
    start = next((index for index, (one, other) in pairs if one != other), min(len(word), len(name)))
    word, name = word[start:], name[start:]
    swapped = word[:2] == name[1::-1] and word[2:] == name[2:]
    return word[1:] == name[1:] or word[1:] == name or word == name[1:] or swapped


def distance(word: str, name: str, most: int) -> int:
    """The letters to insert, remove or replace that make one word of the other; `most` + 1 where they are more."""
    if abs(len(word) - len(name)) > most:
        return most + 1
    above = list(range(len(name) + 1))
    for row, letter in enumerate(word, 1):
        line = [row]
        for column, other in enumerate(name, 1):
            line.append(min(above[column] + 1, line[-1] + 1, above[column - 1] + (letter != other)))
        if min(line) > most:
            return most + 1
        above = line
    return min(above[-1], most + 1)


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
