"""Places as programs want them: the file from the root of the repository, lines and columns in the file."""

from __future__ import annotations

import os

from configlint.core.source import Span


def in_file(span: Span) -> tuple[int, ...]:
    """Line, column, end line, end column; of a notebook, where the text stands in the JSON."""
    if span.source.notebook:
        from configlint.syntax.notebook import in_file

        return in_file(span)
    return span[1:]


def from_root(name: str) -> str:
    """The name of a file from the root of the repository that the run is in, or from the current folder."""
    here = os.getcwd()
    root = here
    while not os.path.lexists(os.path.join(root, ".git")):
        above = os.path.dirname(root)
        if above == root:
            root = here
            break
        root = above
    relative = os.path.relpath(os.path.abspath(name), root).replace(os.sep, "/")
    return os.path.abspath(name).replace(os.sep, "/") if relative.startswith("../") else relative
