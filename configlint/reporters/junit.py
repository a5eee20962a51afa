"""JUnit's XML: a suite for each file, a failed case for each finding, a passed one where there is none."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from configlint.core.diagnostic import Diagnostic
from configlint.core.typing import TYPE_CHECKING
from configlint.core.wording import in_a_line
from configlint.reporters.places import in_file

if TYPE_CHECKING:
    from configlint.reporters import Totals


def render(report: Totals, whole: bool = False) -> str:
    by_file: dict[str, list[Diagnostic]] = {name: [] for name in report.files}
    for found in report.diagnostics:
        by_file.setdefault(found.span.source.name, []).append(found)
    suites = "".join(_suite(name, found) for name, found in by_file.items())
    number, tests = len(report.diagnostics), sum(len(found) or 1 for found in by_file.values())
    counts = f'tests="{tests}" failures="{number}" errors="0"'
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return f'{head}<testsuites name="configlint" {counts}>\n{suites}</testsuites>\n'


def _suite(name: str, found: list[Diagnostic]) -> str:
    cases = "".join(map(_case, found)) or f'<testcase name="configlint" classname={_attribute(name)} />\n'
    counts = f'tests="{len(found) or 1}" failures="{len(found)}" errors="0"'
    return f"<testsuite name={_attribute(name)} {counts}>\n{cases}</testsuite>\n"


def _case(found: Diagnostic) -> str:
    span, message = found.span, _attribute(found.message)
    place = f'file={_attribute(span.source.name)} line="{in_file(span)[0]}"'
    text = escape(in_a_line(f"{span}: {found.message}" + (f" ({found.help})" if found.help else "")))
    failure = f'<failure type="{found.severity.value}" message={message}>{text}</failure>'
    return f'<testcase name="{found.rule}" classname={_attribute(span.source.name)} {place}>{failure}</testcase>\n'


def _attribute(text: str) -> str:
    return quoteattr(in_a_line(text))
