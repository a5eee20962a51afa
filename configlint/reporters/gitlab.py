"""A Code Quality report of GitLab. Source: "Code Quality report format", docs.gitlab.com"""

from __future__ import annotations

import json

from configlint.core.diagnostic import Severity
from configlint.core.fingerprint import fingerprints
from configlint.core.typing import TYPE_CHECKING
from configlint.reporters.places import from_root, in_file

if TYPE_CHECKING:
    from configlint.reporters import Totals

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Totals, whole: bool = False) -> str:
    issues = []
    for found, mark in zip(report.diagnostics, fingerprints(report.diagnostics), strict=True):
        line, column, end_line, end_column = in_file(found.span)
        positions = {"begin": {"line": line, "column": column}, "end": {"line": end_line, "column": end_column}}
        issues.append(
            {
                "check_name": found.rule,
                "description": f"{found.rule}: {found.message}",
                "severity": _SEVERITIES[found.severity],
                "fingerprint": mark,
                "location": {"path": from_root(found.span.source.name), "positions": positions},
            }
        )
    return json.dumps(issues, indent=2) + "\n"
