"""A text that was read, and a place in it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

# What YAML counts as a line break; a snippet must count lines as the parser does.
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class _Named(NamedTuple):
    name: str
    text: str


class Source(_Named):
    """A text and the name that users know it by: a path as they gave it, or `--set`."""

    def lines(self) -> list[str]:
        return self._lines

    def line_starts(self) -> list[int]:
        """Where in the text each line starts."""
        return self._line_starts

    # Every finding asks for its line: the text is split once for all of them.
    @cached_property
    def _lines(self) -> list[str]:
        return _LINE_BREAK.split(self.text)

    @cached_property
    def _line_starts(self) -> list[int]:
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
