"""Findings for people: the line, the exact place below it, the remedy behind that."""

from __future__ import annotations

from collections.abc import Iterable

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.regex import regex
from configlint.core.typing import TYPE_CHECKING
from configlint.core.wording import count

if TYPE_CHECKING:
    from configlint.reporters import Totals

# Colours are always written; where no terminal shows them, click takes them out.
_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
_WIDTH = 120
# Only our own sequences: those of a user's text are taken out.
_NAME = regex(r"(\x1b\[1;\d+m\w+\[)([\w/-]+)(\]\x1b\[0m)")


def render(report: Totals, whole: bool = False) -> str:
    return findings(report.diagnostics, whole) + summary(report)


def findings(diagnostics: Iterable[Diagnostic], whole: bool = False) -> str:
    """Findings in their order: advice in a line each, unless it is wanted whole."""
    return "".join(
        line(found) if found.severity is Severity.INFO and not whole else block(found) for found in diagnostics
    )


def line(diagnostic: Diagnostic) -> str:
    """The header of a finding alone."""
    return _header(diagnostic) + (" (--fix does it)" if _is_fixable(diagnostic) else "") + "\n"


def _header(diagnostic: Diagnostic) -> str:
    name = f"\x1b[1;{_COLOURS[diagnostic.severity]}m{diagnostic.severity.value}[{diagnostic.rule}]\x1b[0m"
    return f"{_clean(str(diagnostic.span))}: {name} {_clean(diagnostic.message)}{_targets(diagnostic)}"


def linked(text: str) -> str:
    """The text with each rule's name as a link to its page: on the site, else the first lines of its module."""
    return _NAME.sub(lambda match: match[1] + _link(match[2]) + match[3], text)


def _link(name: str) -> str:
    from pathlib import Path

    from configlint import rules
    from configlint.reporters.pages import address
    from configlint.rules._index import RULES

    module = next((module for module, names in RULES.items() if name in names), None)
    if module is None:
        return name
    path = Path(rules.__file__).parent / (module.replace("-", "_") + ".py")
    return f"\x1b]8;;{address(name) or path.as_uri()}\x1b\\{name}\x1b]8;;\x1b\\"


def block(diagnostic: Diagnostic) -> str:
    """One finding: a header, the source line with carets, the related places."""
    span, colour = diagnostic.span, _COLOURS[diagnostic.severity]
    lines = [_header(diagnostic)]
    source_lines = span.source.lines()
    written = source_lines[span.line - 1] if span.line <= len(source_lines) else ""
    end = span.end_column if span.end_line == span.line else len(written) + 1
    # Of a line too long for a screen, the part that matters: it may have thousands of findings.
    start = max(0, min(span.column - 1 - _WIDTH // 4, len(written) - _WIDTH))
    shown = _clean(written[start : start + _WIDTH])
    before, marked = shown[: span.column - 1 - start], shown[span.column - 1 - start : end - 1 - start]
    carets = "^" * max(1, _columns(marked))
    remedy = f" {_clean(diagnostic.help)}" if diagnostic.help else ""
    if _is_fixable(diagnostic):
        remedy += " (--fix does it)"
    number = f"{span.source.shown(span.line)[1]:4}"
    lines.append(f"{number} | {shown}".rstrip())
    lines.append(f"{' ' * len(number)} | {' ' * _columns(before)}\x1b[1;{colour}m{carets}{remedy}\x1b[0m")
    lines += [f" ::: {_clean(str(related.span))}: {_clean(related.message)}" for related in diagnostic.related]
    return "\n".join(lines) + "\n"


def _targets(diagnostic: Diagnostic) -> str:
    if diagnostic.all_targets:
        return " [all targets]"
    return f" [{', '.join(diagnostic.targets)}]" if diagnostic.targets else ""


def _is_fixable(diagnostic: Diagnostic) -> bool:
    # Only `check`, which has --fix, makes sure of it.
    return diagnostic.fix is not None and bool(diagnostic.fix.patches)


def summary(report: Totals) -> str:
    """What was looked at and found, in a line."""
    severities = [diagnostic.severity for diagnostic in report.diagnostics]
    counts = [count(severities.count(each), each.value) for each in Severity if each in severities]
    files = {diagnostic.span.source.name for diagnostic in report.diagnostics}
    # A base is no spec, and what is wrong in it is found through the specs that extend it.
    wrong = min(len(files), report.specs)
    plans = f" ({count(report.plans, 'plan')})" if report.plans != report.specs else ""
    fixable = sum(map(_is_fixable, report.diagnostics))
    others = {
        "fixed": report.fixed,
        "fixable": fixable,
        "ignored": report.suppressed,
        "in the baseline": report.known,
    }
    also = "".join(f"; {number:,} {word}" for word, number in others.items() if number)
    if not report.specs:
        return "no training config found\n"
    looked_at = count(report.specs, "file" if report.foreign else "spec") + plans
    if not counts:
        return f"{looked_at} clean{also}\n"
    of = f"{wrong} of " if report.specs > 1 else ""
    return f"{', '.join(counts)} in {of}{looked_at}{also}\n"


def _clean(text: str) -> str:
    """Without what would move a terminal's cursor, column for column."""
    return "".join(character if character.isprintable() else " " for character in text)


def _columns(text: str) -> int:
    """How many columns a terminal needs for a text."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    # Marks stand on the letter before them.
    return sum(0 if category(each) in ("Mn", "Me") else 2 if east_asian_width(each) in "WF" else 1 for each in text)
