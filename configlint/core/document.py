"""A located document: every key and value with its place."""

from __future__ import annotations

from configlint.core.record import NamedTuple
from configlint.core.source import Span


class Scalar(NamedTuple):
    """A value, its text as written (without quotes), and whether it was quoted."""

    value: object
    raw: str
    quoted: bool
    span: Span


class Sequence(NamedTuple):
    items: tuple[Node, ...]
    span: Span


class Entry(NamedTuple):
    key: Scalar
    value: Node


class Mapping(NamedTuple):
    """Keys are texts; the span of a block mapping ends where the next token starts."""

    entries: dict[str, Entry]
    span: Span


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> object:
    """The node as dicts, lists and scalars."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    return [plain(item) for item in node.items]


def last_line(node: Node) -> int:
    """The last line that a node really covers."""
    if isinstance(node, Mapping) and node.entries:
        return max(last_line(entry.value) for entry in node.entries.values())
    if isinstance(node, Sequence) and node.items:
        return max(last_line(item) for item in node.items)
    span = node.span
    # A block scalar ends at the start of the line after it.
    return span.end_line if span.end_column > 1 else max(span.line, span.end_line - 1)
