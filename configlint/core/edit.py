"""What a fix changes: one entry of a user's file."""

from __future__ import annotations

from configlint.core.record import NamedTuple
from configlint.core.source import Span

KEPT = object()


class Patch(NamedTuple):
    """A piece of a text, and what is to stand there."""

    span: Span
    text: str


class Edit(NamedTuple):
    """A change at its place: the entry whose key stands at `entry`, which with a `route` moves there: these are the
    keys from the root down.

    `patches` are what it does to the text, once it is known that it can be made; of a comment, which is no entry,
    they are known from the start.
    """

    entry: Span
    key: str | None = None
    value: object = KEPT
    delete: bool = False
    route: tuple[str, ...] = ()
    patches: tuple[Patch, ...] = ()


def identity(edit: Edit) -> tuple[Span, str | None, str, bool, tuple[str, ...]]:
    """What two edits that do the same have in common: `1`, `1.0` and `true` are equal, and not the same."""
    return edit.entry, edit.key, "" if edit.value is KEPT else repr(edit.value), edit.delete, edit.route
