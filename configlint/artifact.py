"""A file to write."""

from __future__ import annotations

from typing import NamedTuple


class Artifact(NamedTuple):
    """Its name inside the output folder, its text, whether it is to be run, and what a user must
    do with it that nothing here does."""

    name: str
    text: str
    executable: bool = False
    note: str | None = None
