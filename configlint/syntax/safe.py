"""Texts as documents without the secrets in them: nothing of a user's is read in another way."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.diagnostic import Diagnostic
from configlint.core.document import Node
from configlint.core.secrets import could_hold
from configlint.core.source import Source
from configlint.syntax.yaml import read

_Read = Callable[[Source], tuple[Node | None, list[Diagnostic]]]


def read_safely(source: Source, read: _Read = read) -> tuple[Source, Node | None, list[Diagnostic]]:
    """The source with its secrets masked, the document, and what is wrong with it."""
    document, diagnostics = read(source)
    safe = without_secrets(source, document)
    return (source, document, diagnostics) if safe == source else (safe, *read(safe))


def without_secrets(source: Source, document: Node | None = None) -> Source:
    """A source with the mask in the place of the secrets that are known without its document, or by it."""
    if not could_hold(source.text):
        return source
    from configlint.core.masking import without_secrets  # 5 ms

    return without_secrets(source, document)
