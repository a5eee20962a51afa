"""A line a finding, as compilers and editors like it."""

from __future__ import annotations

from configlint.core.typing import TYPE_CHECKING
from configlint.core.wording import in_a_line

if TYPE_CHECKING:
    from configlint.reporters import Totals


def render(report: Totals, whole: bool = False) -> str:
    return "".join(
        in_a_line(f"{found.span}: {found.severity.value}[{found.rule}] {found.message}") + "\n"
        for found in report.diagnostics
    )
