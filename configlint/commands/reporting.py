"""Where the reports and the baseline of a check go."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from configlint.commands.console import CLEAN, USAGE, echo, faults, note, shows_links, unstyled
from configlint.core.diagnostic import Severity
from configlint.core.errors import UsageError
from configlint.core.regex import regex
from configlint.host.atomic import beginning
from configlint.pipeline import Report
from configlint.reporters import render

# How what was written before begins, form by form.
_REPORT = regex(
    rb"""
    \s*\Z
    | \{\s*"version":\ 1,\s*"findings":\ \[            # json, and a baseline
    | \{\s*"\$schema":\ "[^"\n]*/sarif-schema           # sarif
    | \[(\s*\{\s*"check_name":|\]\s*\Z)                # gitlab
    | <\?xml[^>\n]*>\s*<testsuites\ name="configlint"  # junit
    | ::(error|warning|notice)\ title=configlint        # github
    | [^\n]*:\d+:\d+:\ (error|warning|info)\[           # text, concise
    | [\d,]+\ (file|spec)s?\b[^\n]*\ clean              # text without findings
    | no\ training\ config\ found
    | \#\#\#\ configlint:                               # markdown
    """,
    re.VERBOSE,
)


def forms(outputs: tuple[str, ...], statistics: bool) -> dict[str | None, str]:
    """The form of the report on stdout (None) and in files.

    Raises:
        UsageError: two reports would go to the same place.
    """
    forms: dict[str | None, str] = {None: "statistics"} if statistics else {}
    for output in outputs:
        name, equals, file = output.partition("=")
        if equals and not file:
            raise UsageError(f"--output-format {output}: write {name}=FILE")
        if (file or None) in forms:
            where = file or "stdout"
            raise UsageError(f"two reports would go to {where}: write one of them as --output-format {name}=FILE")
        forms[file or None] = name
    return {None: "text"} | forms


def refuse_to_replace(files: Iterable[str | None], report: Report) -> None:
    """Raises:
    UsageError: a report would be written over a file that is checked, or one that is no report. The next run of the
        same command replaces what this one writes, but a slip of the pen must not cost a script.
    """
    checked = {os.path.realpath(name) for name in report.files}
    for file in files:
        if file is not None and os.path.realpath(file) in checked:
            raise UsageError(f"{file} is one of the checked files: write the report to another file")
        if file is not None and not _REPORT.match(beginning(file)):
            raise UsageError(f"{file} exists and is no report of configlint: remove it or write to another file")


def write_reports(forms: dict[str | None, str], report: Report, whole: bool, color: str) -> None:
    for file, form in forms.items():
        text = render(form, report, whole)
        if file is None:
            if form == "text" and color != "never" and shows_links():
                from configlint.reporters.text import linked

                text = linked(text)
            echo(text, color={"always": True, "never": False}.get(color))
        else:
            from configlint.host.atomic import replace

            replace(file, unstyled(text).encode(errors="backslashreplace"))


def write_baseline(path: str, report: Report) -> int:
    from configlint.commands import baseline
    from configlint.core.wording import count

    for line in report.unreadable:
        note(line)
    if report.unreadable or report.crashes:
        return max(USAGE, faults(report.crashes))
    note(f"wrote {count(baseline.write(path, report), 'finding')} to {path}")
    return CLEAN


def without_known(report: Report, baseline: str | None) -> Report:
    """What the baseline does not have of a report of which nothing is written."""
    if baseline is None:
        return report
    from configlint.commands.baseline import without_known

    return without_known(baseline, report)[0]


def left_of(report: Report, baseline: str | None, is_part: bool, quiet: bool) -> tuple[Report, bool]:
    """What is to be shown of a report, and whether the baseline is outdated: of a part of the rules or targets
    there is no telling."""
    stale = False
    if baseline is not None:
        from configlint.commands.baseline import without_known

        report, gone = without_known(baseline, report)
        stale = bool(gone) and not is_part
        for entry in gone if stale else ():
            note(f"{baseline}: {entry.file} no longer has {entry.rule}: {entry.text}")
        if stale:
            note(f"outdated entries can hide new findings: update them with --write-baseline {baseline}")
    if quiet:
        urgent = [found for found in report.diagnostics if found.severity is not Severity.INFO]
        report = report._replace(diagnostics=urgent)
    return report, stale
