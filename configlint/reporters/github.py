"""Annotations of GitHub Actions. Source: "Workflow commands for GitHub Actions", docs.github.com"""

from __future__ import annotations

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.typing import TYPE_CHECKING
from configlint.core.wording import count, in_a_line
from configlint.reporters.places import from_root, in_file

if TYPE_CHECKING:
    from configlint.reporters import Totals

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
# Annotations of each kind that a step shows; the log has all.
_MOST = 10


def render(report: Totals, whole: bool = False) -> str:
    worst_first = sorted(report.diagnostics, key=lambda found: list(Severity).index(found.severity))
    severities = [found.severity for found in worst_first]
    hidden = sum(max(0, severities.count(each) - _MOST) for each in Severity)
    lines = [_line(found) for found in worst_first]
    if hidden:
        lines.append(f"::notice title=configlint::{count(hidden, 'more finding')} in the log of this step")
    return "".join(f"{line}\n" for line in lines)


def _line(found: Diagnostic) -> str:
    line, column, end_line, end_column = in_file(found.span)
    place = {"file": from_root(found.span.source.name), "line": line, "endLine": end_line}
    if line == end_line:  # columns of several lines are shown wrong
        place |= {"col": column, "endColumn": end_column}
    title = f"configlint ({found.rule})"
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in {"title": title, **place}.items())
    help = f" ({found.help})" if found.help else ""
    return f"::{_COMMANDS[found.severity]} {properties}::{_data(f'{found.span}: {found.message}{help}')}"


def _data(text: str) -> str:
    return in_a_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
