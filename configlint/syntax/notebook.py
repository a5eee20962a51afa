"""A notebook's JSON to the code of its cells, one below the other; and places in that code back to the JSON.

Source: nbformat 5.10, docs/format_description; IPython 9, core/inputtransformer2.py (lines that are not Python)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from configlint.core.record import NamedTuple
from configlint.core.regex import regex
from configlint.core.source import Cell, Notebook, Source, Span
from configlint.core.typing import Any

# Cells in these magics are Python all the same.
_PYTHON_MAGICS = regex(r"\s*%%(?:time|timeit|capture|prun|memit|python3?)\b")
_BLANKS = regex(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_NOT_PYTHON = regex(r"(\s*)(?:[!%?]|[\w, ]+=\s*[!%]|[^#'\"]*\?\??\s*$)")


def joined(name: str, text: str) -> Source | None:
    """The code of a notebook; None where it is none."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    pieces, cells, line = [], [], 1
    for number, code in _code(found):
        cells.append(Cell(number, line))
        pieces.append(code)
        line += code.count("\n") + 1
    return Source(name, "\n".join(pieces), Notebook(text.encode(), tuple(cells)))


def _code(notebook: Any) -> Iterator[tuple[int, str]]:
    """The code cells and their numbers, counted with all others from 1."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    for number, cell in enumerate(cells if isinstance(cells, list) else (), 1):
        source = cell.get("source") if isinstance(cell, dict) and cell.get("cell_type") == "code" else None
        parts = [source] if isinstance(source, str) else source
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            # Only line feeds are line breaks here, as in JSON; others would count double.
            yield number, re.sub("\r\n?|[\x85\u2028\u2029]", " ", "".join(parts))


def python_of(lines: list[str]) -> str:
    """A cell's code as Python can parse it: shell lines and magics are `pass`, at the same place."""
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("%%") and not _PYTHON_MAGICS.match(first):
        return ""
    found, continues = [], False
    for line in lines:
        match = _NOT_PYTHON.match(line)
        if continues or (match and not line.lstrip().startswith("#")):
            found.append("" if continues else f"{match[1] if match else ''}pass")
            continues = line.rstrip().endswith("\\")
        else:
            found.append(line)
    return "\n".join(found)


class _Stored(NamedTuple):
    """Where a cell's source stands in the JSON: its value, the literals in it, and their texts."""

    start: int
    end: int
    literals: list[tuple[int, int]]
    texts: list[str]


def in_file(span: Span) -> tuple[int, int, int, int]:
    """A place in the code as lines and columns of the JSON, from 1."""
    source = span.source
    assert source.notebook is not None
    text = source.notebook.text
    ends = [_offset(source, *place) for place in (span[1:3], span[3:])]
    places = []
    for offset in ends:
        line = text.count("\n", 0, offset) + 1
        places += [line, offset - text.rfind("\n", 0, offset)]
    return places[0], places[1], places[2], places[3]


def rewritten(source: Source, code: Mapping[int, str]) -> str | None:
    """The notebook with other code in some cells, by their numbers, and all else as it stands; None where that
    cannot be done in a simple way."""
    assert source.notebook is not None
    text, stored = source.notebook.text, _stored(source.notebook.text)
    before = dict(_code(json.loads(text)))
    for number in sorted(code, reverse=True):
        held = stored[number]
        if before.get(number) != "".join(held.texts):
            return None  # it has line breaks of another kind
        text = text[: held.start] + _array(text, held, code[number]) + text[held.end :]
    after = dict(_code(json.loads(text)))
    return text if after == {**before, **code} else None


def _array(text: str, held: _Stored, code: str) -> str:
    """The JSON of some code, with the literals that there are for lines that stay."""
    ensure_ascii = text[held.start : held.end].isascii()
    if text[held.start] != "[" or not held.literals:
        return json.dumps(code, ensure_ascii=ensure_ascii)
    lines = code.splitlines(keepends=True) if len(held.texts) > 1 else [code]
    old = {line: text[start:end] for line, (start, end) in zip(held.texts, held.literals, strict=True)}
    items = [old.get(line) or json.dumps(line, ensure_ascii=ensure_ascii) for line in lines]
    between = text[held.literals[0][1] : held.literals[1][0]] if len(held.literals) > 1 else ", "
    opening, closing = text[held.start : held.literals[0][0]], text[held.literals[-1][1] : held.end]
    return opening + between.join(items) + closing


def _offset(source: Source, line: int, column: int) -> int:
    """Where in the JSON a character of the code stands."""
    assert source.notebook is not None
    cell = next(cell for cell in reversed(source.notebook.cells) if cell.first_line <= line)
    lines = source.lines()
    left = sum(len(each) + 1 for each in lines[cell.first_line - 1 : line - 1]) + column - 1
    stored = source.notebook.text
    held = _stored(stored)[cell.number]
    for (start, end), text in zip(held.literals, held.texts, strict=True):
        if left < len(text):
            characters = re.finditer(r"\\u[0-9a-fA-F]{4}|\\.|[^\\]", stored[start + 1 : end - 1])
            return next((start + 1 + each.start() for index, each in enumerate(characters) if index == left), start)
        left -= len(text)
    return held.literals[-1][1] - 1 if held.literals else held.start


@lru_cache(maxsize=1)
def _stored(text: str) -> dict[int, _Stored]:
    """Where the sources of cells stand, by the cells' numbers. The text is known to be JSON."""
    found = {}
    (cells,) = _values(text, 0, "cells")
    for number, cell in enumerate(_items(text, cells[0]), 1):
        for start, end in _values(text, cell[0], "source"):
            literals = list(_items(text, start)) if text[start] == "[" else [(start, end)]
            found[number] = _Stored(start, end, literals, [json.loads(text[slice(*each)]) for each in literals])
    return found


def _values(text: str, start: int, wanted: str) -> Iterator[tuple[int, int]]:
    """Where the last value of a key stands in the object that starts there."""
    values = {}
    place = _blank(text, _blank(text, start) + 1)
    while text[place] != "}":
        key, place = _DECODER.raw_decode(text, place)
        value = _blank(text, _blank(text, place) + 1)
        _, end = _DECODER.raw_decode(text, value)
        values[key] = value, end
        place = _blank(text, end)
        place = _blank(text, place + 1) if text[place] == "," else place
    if wanted in values:
        yield values[wanted]


def _items(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where the items of the array that starts there stand."""
    place = _blank(text, start + 1)
    while text[place] != "]":
        _, end = _DECODER.raw_decode(text, place)
        yield place, end
        place = _blank(text, end)
        place = _blank(text, place + 1) if text[place] == "," else place


def _blank(text: str, place: int) -> int:
    """Behind the blanks."""
    match = _BLANKS.match(text, place)
    return match.end() if match else place
