"""SARIF 2.1.0, as code scanning reads it. Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"""

from __future__ import annotations

import json
from urllib.parse import quote

from configlint import __version__
from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.fingerprint import fingerprints
from configlint.core.source import Span
from configlint.core.typing import TYPE_CHECKING
from configlint.core.wording import in_a_line
from configlint.reporters.places import from_root, in_file

if TYPE_CHECKING:
    from configlint.reporters import Totals

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_KEYS = ("startLine", "startColumn", "endLine", "endColumn")


def render(report: Totals, whole: bool = False) -> str:
    names = sorted({found.rule for found in report.diagnostics})
    places = {name: index for index, name in enumerate(names)}
    marks = fingerprints(report.diagnostics)
    results = [
        _result(found, places[found.rule], mark) for found, mark in zip(report.diagnostics, marks, strict=True)
    ]
    driver = {"name": "configlint", "version": __version__, "rules": _rules(names)}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rules(names: list[str]) -> list[dict[str, object]]:
    """What there is to read of some rules; of a name without a page, the name."""
    from configlint.reporters.pages import address, as_markdown, pages
    from configlint.rules import all_rules

    known = {page.name: page for page in pages(all_rules())} if names else {}
    found: list[dict[str, object]] = []
    for name in names:
        rule: dict[str, object] = {"id": name}
        if page := known.get(name):
            rule["shortDescription"] = {"text": page.summary}
            rule["help"] = {"text": page.text, "markdown": as_markdown(page)}
            if url := address(name):
                rule["helpUri"] = url
            rule["defaultConfiguration"] = {"level": _LEVELS[Severity(page.severity)]}
        found.append(rule)
    return found


def _result(found: Diagnostic, index: int, mark: str) -> dict[str, object]:
    help = f" ({found.help})" if found.help else ""
    result: dict[str, object] = {
        "ruleId": found.rule,
        "ruleIndex": index,
        "level": _LEVELS[found.severity],
        "message": {"text": in_a_line(found.message + help)},
        "locations": [_location(found.span)],
        "partialFingerprints": {"configlint/v1": mark},
    }
    if found.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": in_a_line(each.message)}, **_location(each.span)}
            for number, each in enumerate(found.related)
        ]
    # A notebook's text stands in its JSON in another form.
    if found.fix and found.fix.patches and not found.span.source.notebook:
        changes = [
            {"deletedRegion": _region(patch.span), "insertedContent": {"text": patch.text}}
            for patch in found.fix.patches
        ]
        change = {"artifactLocation": _artifact(found.fix.entry), "replacements": changes}
        result["fixes"] = [{"description": {"text": "fix it"}, "artifactChanges": [change]}]
    return result


def _location(span: Span) -> dict[str, object]:
    return {"physicalLocation": {"artifactLocation": _artifact(span), "region": _region(span)}}


def _artifact(span: Span) -> dict[str, object]:
    return {"uri": quote(from_root(span.source.name), errors="surrogateescape")}


def _region(span: Span) -> dict[str, int]:
    return dict(zip(_KEYS, in_file(span), strict=True))
