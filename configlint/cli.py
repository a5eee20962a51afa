"""Arguments in, exit code out. What a command needs is imported when it runs.

Exit codes: 0 clean or written, 1 findings, 2 usage or a file that cannot be read, 3 a fault of
configlint's own; the highest wins.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from configlint import __version__

if TYPE_CHECKING:
    from configlint.diagnostic import Diagnostic
    from configlint.lint import RuleCrash

CLEAN, FINDINGS, USAGE, FAULT = range(4)


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order that people need them


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Check and compile training configs before the job is queued."""


_set = click.option(
    "--set", "assignments", metavar="PATH=VALUE", multiple=True, help="Set a value of the spec; may be repeated."
)


def _target(help: str) -> click.decorators.FC:  # type: ignore[valid-type]
    return click.option("--target", metavar="NAME", help=help)  # type: ignore[return-value]


@cli.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_target("Check this target only.")
@_set
@click.option(
    "--output-format", type=click.Choice(["text", "concise", "json"]), default="text", show_default=True
)
@click.option(
    "--fail-on", type=click.Choice(["warning", "error"]), default="warning", show_default=True,
    help="The mildest finding that gives exit code 1.",
)  # fmt: skip
@click.option("--stdin-filename", metavar="NAME", default="-", help="What to call the spec that comes with PATH `-`.")
def check(
    paths: tuple[str, ...],
    target: str | None,
    assignments: tuple[str, ...],
    output_format: str,
    fail_on: str,
    stdin_filename: str,
) -> int:
    """Lint specs, and the specs in folders (default: this folder); `-` reads one from stdin."""
    from configlint import pipeline
    from configlint.diagnostic import Severity
    from configlint.reporters import REPORTERS

    session = pipeline.Session(assignments)
    if "-" in paths:
        session.parse(stdin_filename, sys.stdin.buffer.read())
        paths = tuple(stdin_filename if path == "-" else path for path in paths)
    report = pipeline.check(paths or ["."], session, target)
    _echo(REPORTERS[output_format].render(report))
    for line in report.unreadable:
        _note(line)
    failing = [Severity.ERROR] if fail_on == "error" else [Severity.ERROR, Severity.WARNING]
    code = FINDINGS if any(found.severity in failing for found in report.diagnostics) else CLEAN
    return max(code, USAGE if report.unreadable else CLEAN, _faults(report.crashes))


def main() -> None:
    """The program."""
    try:
        code = cli(standalone_mode=False)
    except click.exceptions.Exit as exit:
        code = exit.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = 130
    except BrokenPipeError:
        # The reader had enough, as `head` has; nothing is to be flushed into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = CLEAN
    except Exception as error:
        from configlint.pipeline import UsageError

        if isinstance(error, UsageError):
            _note(str(error))
            code = USAGE
        else:
            code = _fault(error)
    sys.exit(code or CLEAN)


def _faults(crashes: list[RuleCrash]) -> int:
    return max((_fault(crash) for crash in crashes), default=CLEAN)


def _fault(error: BaseException) -> int:
    """Say that configlint itself failed, and where; the traceback is for who asks for it."""
    if os.environ.get("CONFIGLINT_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    kind = "" if str(error).startswith("rule ") else f"{type(error).__name__}: "
    _note(f"internal error: {kind}{error}")
    _note("this is a fault of configlint, please report it with the output of CONFIGLINT_TRACEBACK=1")
    return FAULT


def _echo(text: str, err: bool = False) -> None:
    click.echo(text, nl=False, err=err, color=False if os.environ.get("NO_COLOR") else None)


def _note(line: str) -> None:
    click.echo(f"configlint: {line}", err=True)


def _show(diagnostics: list[Diagnostic]) -> None:
    """Findings beside a command's own output."""
    from configlint.reporters import text

    _echo("".join(text.block(diagnostic) for diagnostic in diagnostics), err=True)
