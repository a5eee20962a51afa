"""What is said beside a command's own output, and the exit codes: 0 clean or written, 1 findings, 2 usage or
a file that cannot be read, 3 a fault of configlint's own; the highest wins."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from configlint.diagnostic import Diagnostic

CLEAN, FINDINGS, USAGE, FAULT = range(4)


def failure(error: Exception) -> int:
    """Say what went wrong, and whose fault it is."""
    from configlint.session import UsageError, reason

    if isinstance(error, UsageError):
        note(str(error))
        return USAGE
    if isinstance(error, OSError):
        if error.filename is None:
            # It was stdout: what it could not take must not be tried again at the exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        note(f"{error.filename or 'output'}: {reason(error)}")
        return USAGE
    return faults([error])


def faults(errors: Sequence[Exception]) -> int:
    """Say that configlint itself failed, and where; the traceback is for who asks for it."""
    if not errors:
        return CLEAN
    if os.environ.get("CONFIGLINT_TRACEBACK"):
        import traceback

        for error in errors:
            traceback.print_exception(error)
    # A crash that comes with a cause says itself what failed.
    for line in dict.fromkeys(str(error) if error.__cause__ else repr(error) for error in errors):
        note(f"internal error: {line}")
    note("this is a fault of configlint, please report it with the output of CONFIGLINT_TRACEBACK=1")
    return FAULT


def echo(text: str, err: bool = False) -> None:
    click.echo(text, nl=False, err=err, color=False if os.environ.get("NO_COLOR") else None)


def note(line: str) -> None:
    from configlint.wording import in_a_line  # a name can hold what would move the cursor

    click.echo(f"configlint: {in_a_line(line)}", err=True)


def show(diagnostics: list[Diagnostic]) -> None:
    """Findings beside a command's own output."""
    from configlint.reporters import text

    echo("".join(text.block(diagnostic) for diagnostic in diagnostics), err=True)
