"""A file to write."""

from __future__ import annotations

from typing import NamedTuple


class Artifact(NamedTuple):
    """Its name inside the output folder, its text, and whether it is to be run."""

    name: str
    text: str
    executable: bool = False
