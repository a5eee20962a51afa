"""How often each rule finds something, the most frequent first."""

from __future__ import annotations

from collections import Counter

from configlint.core.typing import TYPE_CHECKING
from configlint.reporters.text import summary

if TYPE_CHECKING:
    from configlint.reporters import Totals


def render(report: Totals, whole: bool = False) -> str:
    counts = Counter((found.rule, found.severity.value) for found in report.diagnostics)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return "".join(f"{number:5}  {severity}[{rule}]\n" for (rule, severity), number in rows) + summary(report)
