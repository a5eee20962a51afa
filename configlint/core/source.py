"""A text that was read, and a place in it."""

from __future__ import annotations

from functools import cached_property

from configlint.core.record import NamedTuple
from configlint.core.regex import regex

# What YAML counts as a line break; a snippet must count lines as the parser does.
_LINE_BREAK = regex("\r\n|[\r\n\x85\u2028\u2029]")


# The names of files in Python end so.
CODE = (".py", ".ipynb")


class Cell(NamedTuple):
    """A code cell of a notebook: its number among all cells, from 1, and which line of the code is its first."""

    number: int
    first_line: int


class Notebook(NamedTuple):
    """A notebook as it is stored, and the code cells of which the text of its source is made.

    As bytes it takes a quarter: one emoji makes each character of a text four bytes long.
    """

    data: bytes
    cells: tuple[Cell, ...]

    @property
    def text(self) -> str:
        return self.data.decode()


class _Named(NamedTuple):
    name: str
    text: str
    notebook: Notebook | None = None


class Source(_Named):
    """A text and the name that users know it by: a path as they gave it, or `--set`. That of a notebook is the code
    of all its cells, one below the other."""

    @property
    def stored(self) -> str:
        """The text as it stands in the file."""
        return self.notebook.text if self.notebook else self.text

    def shown(self, line: int) -> tuple[str, int]:
        """What people call the place of a line: the file, or the cell of a notebook, and the line in it."""
        cells = self.notebook.cells if self.notebook else ()
        cell = next((cell for cell in reversed(cells) if cell.first_line <= line), None)
        return (f"{self.name}:cell {cell.number}", line - cell.first_line + 1) if cell else (self.name, line)

    def lines(self) -> list[str]:
        return self._lines

    def line_starts(self) -> list[int]:
        """Where in the text each line starts."""
        return self._line_starts

    # Every finding asks for its line: the text is split once for all of them.
    @cached_property
    def _lines(self) -> list[str]:
        text = self.text
        # To split at one kind of line break takes a tenth, and nearly all files have no other.
        is_plain = text.isascii() and "\r" not in text
        return text.split("\n") if is_plain else _LINE_BREAK.split(text)

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
        name, line = self.source.shown(self.line)
        return f"{name}:{line}:{self.column}"


def is_code(source: Source) -> bool:
    """Whether a file is Python, a notebook or not."""
    return source.name.endswith(CODE)


def start_of(source: Source) -> Span:
    """The place for what has none: the first character of a text."""
    return Span(source, 1, 1, 1, 1)
