"""`configlint check`, without click: hooks and editors run it again and again."""

from __future__ import annotations

import os
import sys

from configlint import pipeline
from configlint.commands import reporting
from configlint.commands.console import CLEAN, FINDINGS, USAGE, echo, faults, hint, note
from configlint.core.diagnostic import Severity
from configlint.core.errors import UsageError
from configlint.core.wording import count
from configlint.host.read import LARGEST_BYTES, TOO_LARGE, reason
from configlint.pipeline import Report
from configlint.project import Options
from configlint.project.stated import in_options
from configlint.session import Session


def check(
    paths: tuple[str, ...],
    *,
    target: str | None = None,
    assignments: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    statistics: bool = False,
    baseline: str | None = None,
    write_baseline: str | None = None,
    exit_zero: bool = False,
    color: str = "auto",
    fail_on: str = "warning",
    fix: bool = False,
    compare: bool = False,
    unsafe_fixes: bool = False,
    whole: bool = False,
    quiet: bool = False,
    verbose: bool = False,
    pass_over: bool = False,
    stdin_filename: str = "-",
    hardware: str | None = None,
    effective: int | None = None,
    select: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    config: str | None = None,
    isolated: bool = False,
    no_ignores: bool = False,
    show_settings: bool = False,
    show_files: bool = False,
) -> int:
    """The exit code, after the report.

    Raises:
        UsageError: the options contradict each other, or name what is not there.
    """
    pairs = [("config", "isolated", config and isolated), ("advice", "quiet", whole and quiet)]
    for one, other, both in [*pairs, ("verbose", "quiet", verbose and quiet)]:
        if both:
            raise UsageError(f"--{one} and --{other} cannot be combined: give one of them")
    forms = reporting.forms(outputs, statistics)
    _refuse_together(paths, fix, compare, unsafe_fixes, bool(outputs or statistics))
    stated = in_options(hardware, effective)
    options = Options(select, ignore, exclude, config, isolated, no_ignores)
    session = Session(assignments, pass_over, stated, options, unsafe_fixes)
    stdin_filename = os.path.normpath(stdin_filename)
    if "-" in paths:
        session.parse(stdin_filename, _stdin())
        paths = tuple(stdin_filename if path == "-" else path for path in paths)
    paths = paths or (".",)
    if show_settings or show_files:
        from configlint.commands import showing

        return showing.settings(paths, session) if show_settings else showing.files(paths, session)
    changed = False
    if compare:
        report, changed = _show_fixes(paths, session, target, baseline)
    else:
        # What came from stdin could not be read again.
        keeps_plans = fix or verbose or baseline is not None or bool(session.parsed)
        report = pipeline.check(paths, session, target, keeps_plans)
        reporting.refuse_to_replace([*forms, write_baseline], report)
        report = _fix(report, paths, session, target, fix)
        if write_baseline is not None:
            return reporting.write_baseline(write_baseline, report)
        report, changed = reporting.left_of(report, baseline, bool(select or ignore or target), quiet)
        reporting.write_reports(forms, report, whole, color)
    if verbose:
        from configlint.commands.showing import readings

        readings(report, session)
    code = _code(report, fail_on, changed)
    if code == FINDINGS and forms[None] == "text" and not quiet:
        hint(report.diagnostics)
        if not (fix or compare) and any(found.unsafe and not found.fix for found in report.diagnostics):
            from configlint.commands.fix import hidden

            _say_hidden(hidden(report, session, paths), "--fix --unsafe-fixes")
    return CLEAN if exit_zero and code == FINDINGS else code


def _stdin() -> bytes:
    """Raises:
    UsageError: there is no reading it, or it is larger than any spec.
    """
    if sys.stdin is None:
        raise UsageError("stdin is closed, nothing can be read")
    try:
        data = sys.stdin.buffer.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"stdin: {reason(error)}") from error
    if len(data) > LARGEST_BYTES:
        raise UsageError(f"stdin: {TOO_LARGE}")
    return data


def _code(report: Report, fail_on: str, changed: bool) -> int:
    """The exit code, after what else there is to say."""
    for line in report.unreadable:
        note(line)
    failing = [Severity.ERROR] if fail_on == "error" else [Severity.ERROR, Severity.WARNING]
    fails = changed or any(found.severity in failing for found in report.diagnostics)
    return max(FINDINGS if fails else CLEAN, USAGE if report.unreadable else CLEAN, faults(report.crashes))


def _refuse_together(paths: tuple[str, ...], fix: bool, compare: bool, unsafe_fixes: bool, has_form: bool) -> None:
    """Raises:
    UsageError: these options do not go together.
    """
    if unsafe_fixes and not fix and not compare:
        raise UsageError("--unsafe-fixes requires --fix or --diff: it says which fixes they make")
    if fix and compare:
        raise UsageError("--fix and --diff cannot be combined: --fix writes, --diff only shows")
    if fix and "-" in paths:
        raise UsageError("--fix requires files, got stdin; use --diff to see the fixes")
    if compare and has_form:
        raise UsageError("--diff and --output-format cannot be combined: --diff prints no report")


def _fix(report: Report, paths: tuple[str, ...], session: Session, target: str | None, write: bool) -> Report:
    """Fix what can be fixed, and what is left; or what there is, with the fixes that would be made."""
    if not write and not any(found.fix for found in report.diagnostics):
        return report
    from configlint.commands import fix as mend

    if not write:
        return mend.settled(report, paths, session, target)
    report, session = mend.resumed(report, paths, session, target)
    mended = mend.mend(report, paths, session, target)
    _say_hidden(mend.hidden(mended.after, mended.session, paths))
    return mend.write(mended, paths, target)


def _show_fixes(
    paths: tuple[str, ...], session: Session, target: str | None, baseline: str | None
) -> tuple[Report, bool]:
    """Show what --fix would do; what would be left, and whether there is a difference."""
    from configlint.commands.fix import diff, hidden, mend
    from configlint.reporters import text

    mended = mend(pipeline.check(paths, session, target), paths, session, target)
    # The bytes that the files have, whatever the terminal's encoding.
    lines = "".join(diff(mended))
    echo(lines.encode())
    before, after = (reporting.without_known(report, baseline) for report in (mended.before, mended.after))
    echo(text.summary(before), err=True)
    _say_hidden(hidden(mended.after, mended.session, paths))
    return after, bool(lines)


def _say_hidden(number: int, options: str = "--unsafe-fixes") -> None:
    if number:
        note(f"{count(number, 'hidden fix', 'hidden fixes')} can be enabled with `{options}`")
