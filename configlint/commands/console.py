"""What is said beside a command's own output, and the exit codes: 0 clean or written, 1 findings, 2 usage or
a file that cannot be read, 3 a fault of configlint's own; the highest wins."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from configlint.core.typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from configlint.core.diagnostic import Diagnostic

CLEAN, FINDINGS, USAGE, FAULT = range(4)


def failure(error: Exception) -> int:
    """Say what went wrong, and whose fault it is."""
    from configlint.core.errors import UsageError
    from configlint.host.read import reason

    if isinstance(error, UsageError):
        for line in error.args:
            note(line)
        return USAGE
    if isinstance(error, OSError):
        if error.filename is None:
            _silence(sys.stdout)
            if error.errno == errno.EPIPE:  # a reader that has had enough, as `head` has, is no failure
                return FINDINGS
        closed = error.filename is None and error.errno == errno.EBADF
        note("stdout is closed" if closed else f"{error.filename or 'output'}: {reason(error)}")
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
    note("this is a bug in configlint: please report it with the output under CONFIGLINT_TRACEBACK=1")
    return FAULT


def prepare() -> None:
    """Make the standard streams such that nothing is lost without a word, and nothing goes where it must not."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It is closed, and the next file that is opened would get its number, and what is printed. To stdout
            # nothing can be written then, and whoever tries is told.
            os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a terminal cannot show is no reason to fail.
            stream.reconfigure(errors="backslashreplace")


def echo(text: str | bytes, err: bool = False, color: bool | None = None) -> None:
    """Raises:
    OSError: stdout cannot take it. What stderr cannot take is lost: the exit code has the rest.
    """
    stream = sys.stderr if err else sys.stdout
    color = _wants_color() if color is None else color
    try:
        if os.name == "nt":
            import click  # it knows how to color old consoles

            click.echo(text, nl=False, err=err, color=color)
            return
        if isinstance(text, bytes):
            stream.flush()
            stream.buffer.write(text)
            stream.buffer.flush()
        else:
            stream.write(text if color or (color is None and stream.isatty()) else unstyled(text))
        stream.flush()
    except OSError:
        if not err:
            raise
        _silence(sys.stderr)


def unstyled(text: str) -> str:
    """The text without colors."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text) if "\x1b" in text else text


def _wants_color() -> bool | None:
    """What the environment says; None where the terminal decides. Source: no-color.org, force-color.org"""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") != "0" else None


def shows_links() -> bool:
    """Whether stdout is a terminal that is known to show hyperlinks (OSC 8); others may print rubbish."""
    known = ("KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION", "WEZTERM_PANE", "GHOSTTY_RESOURCES_DIR")
    programs = ("iTerm.app", "vscode", "WezTerm", "ghostty", "Hyper")
    vte = os.environ.get("VTE_VERSION", "0")
    is_known = any(name in os.environ for name in known) or os.environ.get("TERM_PROGRAM") in programs
    is_known = is_known or (vte.isdecimal() and int(vte) >= 5000)
    return sys.stdout.isatty() and is_known and not os.environ.get("NO_COLOR") and not os.environ.get("CI")


def _silence(stream: IO[str]) -> None:
    """Keep what the stream could not take from being tried again at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on a terminal what takes long, and erase it at the end; in a pipe and in CI nobody watches."""
    if not sys.stderr.isatty() or os.environ.get("CI"):
        yield
        return
    line = f"configlint: {what} ..."
    echo(line, err=True)
    try:
        yield
    finally:
        echo(f"\r{' ' * len(line)}\r", err=True)


def note(line: str) -> None:
    from configlint.core.wording import in_a_line  # a name can hold what would move the cursor

    echo(f"configlint: {in_a_line(line)}\n", err=True)


def show(diagnostics: list[Diagnostic]) -> None:
    """Findings beside a command's own output."""
    from configlint.reporters import text

    echo(text.findings(diagnostics), err=True)


def hint(diagnostics: list[Diagnostic]) -> None:
    """How to read a rule and how to ignore it, for people: not in pipes and CI, nor where nothing has a rule."""
    from configlint.core.diagnostic import NOT_IGNORABLE

    first = next((found for found in diagnostics if not found.rule.startswith((*NOT_IGNORABLE, "ignore/"))), None)
    if first is None or not sys.stdout.isatty() or os.environ.get("CI"):
        return
    ignoring = f"add `# configlint: ignore[{first.rule}] reason` to the line"
    if first.span.source.name.endswith(".json"):  # which has no comments
        ignoring = f'set `per-file = {{"{first.span.source.name}" = ["{first.rule}"]}}` in configlint.toml'
    echo(f"why: configlint rule {first.rule}\nto ignore it: {ignoring}\n")
