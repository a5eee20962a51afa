"""Diagnostics to text. A new format is a module and a line here."""

from __future__ import annotations

from importlib import import_module

from configlint.core.typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from configlint.core.diagnostic import Diagnostic


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
    def files(self) -> tuple[str, ...]: ...
    @property
    def known(self) -> int: ...
    @property
    def fixed(self) -> int: ...


class Reporter(Protocol):
    def render(self, report: Totals, whole: bool = False) -> str:
        """What `check` prints; `whole` asks for all that there is to say of advice too."""


REPORTERS = {
    "text": "text",
    "concise": "concise",
    "json": "json_report",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "markdown": "markdown",
}


def render(form: str, report: Totals, whole: bool = False) -> str:
    """A report in one of the forms; the modules of the others are not loaded."""
    reporter: Reporter = import_module(f"{__name__}.{REPORTERS.get(form, form)}")
    return reporter.render(report, whole)
