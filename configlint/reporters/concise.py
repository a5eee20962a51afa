"""A line a finding, as compilers and editors like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from configlint.reporters import Totals


def render(report: Totals) -> str:
    return "".join(
        f"{found.span}: {found.severity.value}[{found.rule}] {found.message}\n" for found in report.diagnostics
    )
