"""Edits of calls in Python: an argument gets another name or value or goes, and every other byte stays.

What comes out is parsed again and held against the tree that was meant.
"""

from __future__ import annotations

import ast
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from configlint.core.document import Node
from configlint.core.edit import KEPT, Edit, Patch, identity
from configlint.core.record import NamedTuple
from configlint.core.regex import regex
from configlint.core.source import Source, Span
from configlint.core.writing import python
from configlint.syntax.python import parse

_BLANKS = regex(r"[ \t]*")
_TO_NEXT = regex(r"[ \t]*,[ \t]*")
_END_OF_LINE = regex(r"[ \t]*,?[ \t]*(?:\r\n|\r|\n|$)")

_Change = tuple[int, int, str]


class _Piece(NamedTuple):
    """What is parsed by itself: a file or a cell, and where in the joined text it starts."""

    text: str
    start: int
    first_line: int
    cell: int | None


class _Argument(NamedTuple):
    """A keyword of a call or an entry of a mapping, and the ends of those beside it."""

    holder: ast.Call | ast.Dict
    number: int
    key: tuple[int, int]
    value: ast.expr
    before: int | None
    is_last: bool


class _GivenUp(Exception):
    """There is no simple way to make an edit."""


def possible(document: Node, edits: Iterable[Edit]) -> list[Edit]:
    """The edits that can be made, each by itself, with what they do to the text."""
    source = document.span.source
    found = []
    for edit in {identity(edit): edit for edit in edits}.values():
        piece = _piece_of(source, edit)
        changes = _changes(piece, edit)
        if changes and _is_as_meant(piece, [edit], changes):
            patches = tuple(
                Patch(_span(source, piece.start + start, piece.start + end), text) for start, end, text in changes
            )
            found.append(edit._replace(patches=patches))
    return found


def fixed(document: Node, edits: Iterable[Edit]) -> tuple[str, list[Edit]]:
    """The text of the file after as many of the edits as can be made together, and those."""
    source = document.span.source
    code: dict[_Piece, str] = {}
    made: list[Edit] = []
    by_piece: dict[_Piece, list[Edit]] = {}
    for edit in possible(document, edits):
        by_piece.setdefault(_piece_of(source, edit), []).append(edit)
    for piece, wanted in by_piece.items():
        kept: list[Edit] = []
        for edit in wanted:
            changes = [change for each in (*kept, edit) for change in _changes(piece, each)]
            if _is_as_meant(piece, [*kept, edit], changes):
                kept.append(edit)
                code[piece] = _patched(piece.text, changes)
        made += kept
    text = _stored(source, code)
    return (source.stored, []) if text is None else (text, made)


def _stored(source: Source, code: Mapping[_Piece, str]) -> str | None:
    if source.notebook is None:
        return next(iter(code.values()), source.text)
    from configlint.syntax.notebook import rewritten

    return rewritten(source, {piece.cell: text for piece, text in code.items() if piece.cell})


def _piece_of(source: Source, edit: Edit) -> _Piece:
    if source.notebook is None:
        return _Piece(source.text, 0, 1, None)
    cells, lines = source.notebook.cells, source.lines()
    index = bisect([cell.first_line for cell in cells], edit.entry.line) - 1
    first = cells[index].first_line
    end = cells[index + 1].first_line if index + 1 < len(cells) else len(lines) + 1
    text = "\n".join(lines[first - 1 : end - 1])
    return _Piece(text, source.line_starts()[first - 1], first, cells[index].number)


def _tree(piece: _Piece, text: str) -> ast.Module | None:
    if piece.cell is not None:
        from configlint.syntax.notebook import python_of

        text = python_of(text.split("\n"))
    return parse(text)


def _changes(piece: _Piece, edit: Edit) -> list[_Change]:
    """What an edit does to the text of its piece; nothing where there is no simple way."""
    tree = _tree(piece, piece.text)
    argument = _find(piece, tree, edit) if tree else None
    try:
        return list(_made(piece, argument, edit)) if argument else []
    except (_GivenUp, ValueError):
        return []


def _find(piece: _Piece, tree: ast.Module, edit: Edit) -> _Argument | None:
    """The argument whose name stands where the edit says."""
    places = _Places(piece.text)
    line, column = edit.entry.line - piece.first_line + 1, edit.entry.column
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            every: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
            for index, keyword in enumerate(node.keywords):
                if keyword.arg and places.is_at(keyword, line, column):
                    start = places.offset(keyword.lineno, keyword.col_offset)
                    before = every[every.index(keyword) - 1] if every[0] is not keyword else None
                    key = start, start + len(keyword.arg)
                    end = places.end(before) if before else None
                    return _Argument(node, index, key, keyword.value, end, keyword is every[-1])
        elif isinstance(node, ast.Dict):
            for index, (name, value) in enumerate(zip(node.keys, node.values, strict=True)):
                if name is not None and places.is_at(name, line, column):
                    key = places.offset(name.lineno, name.col_offset), places.end(name)
                    end = places.end(node.values[index - 1]) if index else None
                    return _Argument(node, index, key, value, end, value is node.values[-1])
    return None


class _Places:
    """Where nodes stand in a text, in characters: Python counts bytes."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def offset(self, line: int, column: int) -> int:
        text = self.lines[line - 1]
        return self.starts[line - 1] + len(text.encode()[:column].decode(errors="ignore"))

    def end(self, node: ast.expr | ast.keyword) -> int:
        return self.offset(node.end_lineno or 1, node.end_col_offset or 0)

    def is_at(self, node: ast.expr | ast.keyword, line: int, column: int) -> bool:
        return node.lineno == line and self.offset(line, node.col_offset) - self.starts[line - 1] + 1 == column


def _made(piece: _Piece, argument: _Argument, edit: Edit) -> Iterator[_Change]:
    """Raises:
    _GivenUp: there is no simple way.
    """
    text, places = piece.text, _Places(piece.text)
    if edit.delete:
        yield _deletion(text, argument, places.end(argument.value))
        return
    start, end = argument.key
    if edit.key is not None:
        quote = text[start] if isinstance(argument.holder, ast.Dict) else ""
        if quote and text[start : start + 3] in ('"""', "'''"):
            raise _GivenUp
        yield start, end, f"{quote}{edit.key}{quote}"
    if edit.value is not KEPT:
        try:
            ast.literal_eval(argument.value)
        except (ValueError, TypeError, RecursionError):
            raise _GivenUp from None  # what computes a value is not ours to write over
        first = places.offset(argument.value.lineno, argument.value.col_offset)
        yield first, places.end(argument.value), _in_quotes(edit.value, text[first])


def _in_quotes(value: object, quote: str) -> str:
    written = python(value)
    is_plain = isinstance(value, str) and quote == "'" and not any(sign in value for sign in "'\"\\")
    return f"'{value}'" if is_plain and isinstance(value, str) and value.isprintable() else written


def _deletion(text: str, argument: _Argument, end: int) -> _Change:
    """An argument and the comma that belongs to it; its lines, where it has them for itself."""
    start = argument.key[0]
    line_start = text.rfind("\n", 0, start) + 1
    rest = _END_OF_LINE.match(text, end)
    if not text[line_start:start].strip() and rest:
        return _without_comment(text, line_start, rest.end())
    if (comma := _TO_NEXT.match(text, end)) and not argument.is_last:
        if text[comma.end() : comma.end() + 1] in ("#", "\n", "\r"):
            raise _GivenUp
        return _without_comment(text, start, comma.end())
    if not argument.is_last:
        raise _GivenUp
    return _without_comment(text, start if argument.before is None else argument.before, end)


def _without_comment(text: str, start: int, end: int) -> _Change:
    """Raises:
    _GivenUp: a comment, or what looks like one, would be deleted.
    """
    if "#" in text[start:end]:
        raise _GivenUp
    return start, end, ""


def _patched(text: str, changes: Iterable[_Change]) -> str:
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _is_as_meant(piece: _Piece, edits: list[Edit], changes: list[_Change]) -> bool:
    """Whether the changed text is the tree with the edits made, and no other."""
    ordered = sorted(changes)
    if any(before[1] > after[0] for before, after in pairwise(ordered)):
        return False
    meant, after = _tree(piece, piece.text), _tree(piece, _patched(piece.text, changes))
    if meant is None or after is None:
        return False
    found = [(edit, _find(piece, meant, edit)) for edit in edits]
    # From the last on, so that the numbers of those before stay.
    for edit, argument in sorted(found, key=lambda pair: -pair[1].number if pair[1] else 0):
        if argument is None:
            return False
        _apply(argument, edit)
        if isinstance(argument.holder, ast.Call) and _repeats(argument.holder):
            return False
    return ast.dump(meant) == ast.dump(after)


def _repeats(call: ast.Call) -> bool:
    """Whether a keyword is there twice, which only the compiler refuses."""
    names = [keyword.arg for keyword in call.keywords if keyword.arg]
    return len(set(names)) < len(names)


def _apply(argument: _Argument, edit: Edit) -> None:
    holder, index = argument.holder, argument.number
    value = None if edit.delete or edit.value is KEPT else ast.parse(python(edit.value), mode="eval").body
    if isinstance(holder, ast.Call):
        if edit.delete:
            del holder.keywords[index]
            return
        holder.keywords[index].arg = edit.key or holder.keywords[index].arg
        holder.keywords[index].value = value or holder.keywords[index].value
        return
    if edit.delete:
        del holder.keys[index], holder.values[index]
        return
    if edit.key is not None:
        holder.keys[index] = ast.Constant(edit.key)
    holder.values[index] = value or holder.values[index]


def _span(source: Source, start: int, end: int) -> Span:
    starts = source.line_starts()
    line, end_line = bisect(starts, start), bisect(starts, end)
    return Span(source, line, start - starts[line - 1] + 1, end_line, end - starts[end_line - 1] + 1)
