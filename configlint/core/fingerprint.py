"""What a finding is known by when lines above it come and go: file, rule, setting, and the text of its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from configlint.core.diagnostic import Diagnostic
from configlint.core.record import NamedTuple


class Identity(NamedTuple):
    """Has no line number. Findings with the same one are told apart by their order."""

    file: str
    rule: str
    path: str
    text: str


def identity(found: Diagnostic) -> Identity:
    span = found.span
    lines = span.source.lines()
    text = lines[span.line - 1] if span.line <= len(lines) else ""
    return Identity(span.source.name.replace("\\", "/"), found.rule, found.path or "", text.strip()[:200])


def fingerprints(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """A hash for each finding, each another one."""
    from hashlib import sha256

    seen: dict[Identity, int] = {}
    for found in diagnostics:
        own = identity(found)
        seen[own] = seen.get(own, 0) + 1
        text = "\0".join((*own, str(seen[own])))
        yield sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]
