"""Findings for programs: version 1. Lines and columns from 1, ends exclusive, absent things null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from configlint.diagnostic import Diagnostic, Severity
from configlint.source import Span

if TYPE_CHECKING:
    from configlint.reporters import Totals


def render(report: Totals) -> str:
    import json

    severities = [diagnostic.severity for diagnostic in report.diagnostics]
    document = {
        "version": 1,
        "findings": [_finding(diagnostic) for diagnostic in report.diagnostics],
        "summary": {
            "files": report.specs,
            "errors": severities.count(Severity.ERROR),
            "warnings": severities.count(Severity.WARNING),
            "infos": severities.count(Severity.INFO),
            "suppressed": report.suppressed,
        },
    }
    # In ASCII, so that it does not depend on the locale, and names that are no UTF-8 have a place in it.
    return json.dumps(document, indent=2) + "\n"


def _finding(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "rule": diagnostic.rule,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "path": diagnostic.path,
        "targets": list(diagnostic.targets),
        **_place(diagnostic.span),
        "related": [{"message": related.message, **_place(related.span)} for related in diagnostic.related],
        "fix": None,
    }


def _place(span: Span) -> dict[str, object]:
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
