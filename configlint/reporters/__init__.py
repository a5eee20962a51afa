"""Diagnostics to text. A new format is a module and a line here."""

from __future__ import annotations

from typing import Protocol

from configlint.core.diagnostic import Diagnostic
from configlint.reporters import concise, json_report, text


class Totals(Protocol):
    """What a summary counts."""

    @property
    def diagnostics(self) -> list[Diagnostic]: ...
    @property
    def specs(self) -> int: ...
    @property
    def foreign(self) -> int: ...
    @property
    def plans(self) -> int: ...
    @property
    def suppressed(self) -> int: ...
    @property
    def fixed(self) -> int: ...


class Reporter(Protocol):
    def render(self, report: Totals) -> str:
        """What `check` prints."""


REPORTERS: dict[str, Reporter] = {"text": text, "concise": concise, "json": json_report}
