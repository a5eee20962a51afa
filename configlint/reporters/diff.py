"""Two texts as a unified diff, as `patch` and `git apply` read it."""

from __future__ import annotations

import re
from collections.abc import Iterator


def unified(before: str, after: str, path: str, name: str) -> Iterator[str]:
    """The lines of a unified diff from one text to another, under a name for each."""
    import difflib

    for line in difflib.unified_diff(_lines(before), _lines(after), path, name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)
