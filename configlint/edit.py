"""What a fix changes: one entry of a user's file."""

from __future__ import annotations

from typing import NamedTuple

from configlint.source import Span

KEPT = object()


class Change(NamedTuple):
    """What becomes of the setting at `path`: it gets another key, another value, or goes."""

    path: str
    key: str | None = None
    value: object = KEPT
    delete: bool = False


class Edit(NamedTuple):
    """A change at its place: the entry whose key stands at `entry`."""

    entry: Span
    key: str | None = None
    value: object = KEPT
    delete: bool = False
