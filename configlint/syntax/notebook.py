"""A notebook's JSON to the code of its cells, one below the other; and places in that code back to the JSON.

Source: nbformat 5.10, docs/format_description; IPython 9, core/inputtransformer2.py (lines that are not Python)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from configlint.core.source import Cell, Notebook, Source

# Cells in these magics are Python all the same.
_PYTHON_MAGICS = re.compile(r"\s*%%(?:time|timeit|capture|prun|memit|python3?)\b")
_NOT_PYTHON = re.compile(r"(\s*)(?:[!%?]|[\w, ]+=\s*[!%]|[^#'\"]*\?\??\s*$)")


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
    return Source(name, "\n".join(pieces), Notebook(text, tuple(cells)))


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
