"""A text that was read, and a place in it."""

from __future__ import annotations

import re
from typing import NamedTuple

# What YAML counts as a line break; a snippet must count lines as the parser does.
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class Source(NamedTuple):
    """A text and the name that users know it by: a path as they gave it, or `--set`."""

    name: str
    text: str

    def lines(self) -> list[str]:
        return _LINE_BREAK.split(self.text)

    def line_starts(self) -> list[int]:
        """Where in the text each line starts."""
        return [0, *(match.end() for match in _LINE_BREAK.finditer(self.text))]


class Span(NamedTuple):
    """A place: lines and columns from 1, in characters; the end is exclusive."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


def start_of(source: Source) -> Span:
    """The place for what has none: the first character of a text."""
    return Span(source, 1, 1, 1, 1)
