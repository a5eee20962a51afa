"""A short table for people, as GitHub shows it on the page of a run ($GITHUB_STEP_SUMMARY)."""

from __future__ import annotations

from configlint.core.diagnostic import Diagnostic
from configlint.core.typing import TYPE_CHECKING
from configlint.core.wording import count, in_a_line
from configlint.reporters.text import summary

if TYPE_CHECKING:
    from configlint.reporters import Totals

# More than these nobody reads there.
_MOST = 20
_HEAD = ["", "| place | finding |", "| --- | --- |"]


def render(report: Totals, whole: bool = False) -> str:
    shown = report.diagnostics[:_MOST]
    lines = [f"### configlint: {summary(report).strip()}", *(_HEAD if shown else []), *map(_row, shown)]
    if more := len(report.diagnostics) - len(shown):
        lines += ["", f"and {count(more, 'more finding')}"]
    return "".join(f"{line}\n" for line in lines)


def _row(found: Diagnostic) -> str:
    return f"| {_cell(str(found.span))} | {found.severity.value} `{found.rule}`: {_cell(found.message)} |"


def _cell(text: str) -> str:
    """Text that is no markup, but for what stands in backticks."""
    return in_a_line(text).replace("|", r"\|").replace("<", "&lt;")
