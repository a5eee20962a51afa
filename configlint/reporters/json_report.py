"""Findings for programs: version 1. Lines and columns from 1, ends exclusive, absent things null."""

from __future__ import annotations

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.edit import KEPT, Edit
from configlint.core.source import Span
from configlint.core.typing import TYPE_CHECKING
from configlint.core.wording import code
from configlint.reporters.places import in_file

if TYPE_CHECKING:
    from configlint.reporters import Totals


def render(report: Totals, whole: bool = False) -> str:
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
            "known": report.known,
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
        "fix": _fix(diagnostic.fix) if diagnostic.fix and diagnostic.fix.patches else None,
    }


def _fix(edit: Edit) -> dict[str, object]:
    return {
        "message": _described(edit),
        "edits": [{**_place(patch.span), "text": patch.text} for patch in edit.patches],
    }


def _described(edit: Edit) -> str:
    if edit.delete:
        return "remove"
    if edit.value is KEPT:
        return f"rename to {edit.key}"
    return f"write {code(edit.value)}" if edit.key is None else f"write {edit.key}: {code(edit.value)}"


def _place(span: Span) -> dict[str, object]:
    keys = ("line", "column", "end_line", "end_column")
    return {"file": span.source.name, **dict(zip(keys, in_file(span), strict=True))}
