"""Arguments in, exit code out. What a command needs is imported when it runs."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from configlint import __version__
from configlint.commands.console import (
    CLEAN,
    FINDINGS,
    USAGE,
    echo,
    failure,
    faults,
    hint,
    note,
    prepare,
    show,
    shows_links,
    waiting,
)
from configlint.host import signals
from configlint.reporters import REPORTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from click.decorators import FC

    from configlint.core.spec import Setting
    from configlint.pipeline import Report
    from configlint.session import Session


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order that people need them

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with its whole first sentence, which click would cut."""
        rows = [(name, (command.help or "").partition("\n")[0]) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Check and compile training configs before the job is queued."""


_set = click.option(
    "--set",
    "assignments",
    metavar="PATH=VALUE",
    multiple=True,
    help="Override a value of the spec; repeatable.",
)


def _target(help: str) -> Callable[[FC], FC]:
    return click.option("--target", metavar="NAME", help=help)


def _split(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def _names(option: str, help: str) -> Callable[[FC], FC]:
    return click.option(option, multiple=True, metavar="RULE,...", callback=_split, help=help)


@cli.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_target("Check only this target.")
@_set
@click.option(
    "--output-format", "outputs", multiple=True, metavar="FORMAT[=FILE]",
    help=f"The form of the report, on stdout or in FILE; repeatable: {', '.join(REPORTERS)}.",
)  # fmt: skip
@click.option("--statistics", is_flag=True, help="Show how often each rule finds something.")
@click.option("--baseline", metavar="FILE", help="Report only what FILE does not have, and what in it is outdated.")
@click.option("--write-baseline", metavar="FILE", help="Write all findings to FILE, for --baseline.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
    help="Whether to print in colors; NO_COLOR and FORCE_COLOR count for auto.",
)  # fmt: skip
@click.option(
    "--fail-on", type=click.Choice(["warning", "error"]), default="warning", show_default=True,
    help="The lowest severity that makes the exit code 1.",
)  # fmt: skip
@click.option("--fix", is_flag=True, help="Apply the safe fixes and report what remains.")
@click.option("--diff", "compare", is_flag=True, help="Show what --fix would change; write nothing.")
@click.option("--advice", "whole", is_flag=True, help="Show advice in full: each info with its line and remedy.")
@click.option("--quiet", is_flag=True, help="Show no advice.")
@click.option(
    "--verbose", is_flag=True, help="Say on stderr how each file was read: its dialect, settings and release."
)
@click.option("--pass-over", is_flag=True, help="Skip named files that are not training configs, for use in hooks.")
@click.option("--stdin-filename", metavar="NAME", default="-", help="The file name to report for stdin.")
@click.option(
    "--hardware",
    metavar="8xa100-80gb",
    help="The machine of files that cannot state it: scripts, notebooks, TrainingArguments files.",
)
@click.option("--effective", type=int, metavar="SAMPLES", help="The effective batch that these files must have.")
@_names("--select", "Report only these rules or families, whatever the settings select or ignore.")
@_names("--ignore", "Do not report these rules or families.")
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Skip files that match, as in .gitignore; repeatable."
)
@click.option("--config", metavar="FILE", help="Read the settings from this file only.")
@click.option("--isolated", is_flag=True, help="Read no settings.")
@click.option("--show-settings", is_flag=True, help="Print the settings of the files; check nothing.")
@click.option("--show-files", is_flag=True, help="Print the names of the files that would be checked.")
def check(
    paths: tuple[str, ...],
    target: str | None,
    assignments: tuple[str, ...],
    outputs: tuple[str, ...],
    statistics: bool,
    baseline: str | None,
    write_baseline: str | None,
    exit_zero: bool,
    color: str,
    fail_on: str,
    fix: bool,
    compare: bool,
    whole: bool,
    quiet: bool,
    verbose: bool,
    pass_over: bool,
    stdin_filename: str,
    hardware: str | None,
    effective: int | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    exclude: tuple[str, ...],
    config: str | None,
    isolated: bool,
    show_settings: bool,
    show_files: bool,
) -> int:
    """Check training configs: files, folders (default: this one), or `-` for stdin."""
    from configlint import pipeline
    from configlint.core.errors import UsageError
    from configlint.project import Options
    from configlint.session import Session

    pairs = [("config", "isolated", config and isolated), ("advice", "quiet", whole and quiet)]
    for one, other, both in [*pairs, ("verbose", "quiet", verbose and quiet)]:
        if both:
            raise UsageError(f"--{one} and --{other} cannot be combined: give one of them")
    forms = _forms(outputs, statistics)
    if fix or compare:
        _refuse_together(paths, fix, compare, bool(outputs or statistics))
    stated = _stated(hardware, effective)
    session = Session(assignments, pass_over, stated, Options(select, ignore, exclude, config, isolated))
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
        report, changed = _show_fixes(paths, session, target)
    else:
        report = pipeline.check(paths, session, target)
        _refuse_to_replace([*forms, write_baseline], report)
        report = _fix(report, paths, session, target, fix)
        if write_baseline is not None:
            return _write_baseline(write_baseline, report)
        report, changed = _left_of(report, baseline, bool(select or ignore or target), quiet)
        _write_reports(forms, report, whole, color)
    if verbose:
        from configlint.commands.showing import readings

        readings(report, session)
    code = _code(report, fail_on, changed)
    if code == FINDINGS and forms[None] == "text" and not quiet:
        hint(report.diagnostics)
    return CLEAN if exit_zero and code == FINDINGS else code


@cli.command("compile")
@click.argument("spec")
@_target("Compile only this target.")
@_set
@click.option("-o", "output", metavar="DIR", help="Write all files to DIR; each target gets its own subfolder.")
@click.option("--to", "name", metavar="NAME", help="Print this file instead of training_args.json: launch, plan, …")
@click.option("--force", is_flag=True, help="Overwrite files in DIR that configlint did not write.")
@click.option("--check", "compare", is_flag=True, help="Show how the files in DIR differ; write nothing.")
@click.option(
    "--verify", "level", type=click.Choice(["auto", "require", "never"]), default="auto", show_default=True,
    help="Verify the files with the installed packages that read them; `require` fails if one is missing.",
)  # fmt: skip
def compile_(
    spec: str,
    target: str | None,
    assignments: tuple[str, ...],
    output: str | None,
    name: str | None,
    force: bool,
    compare: bool,
    level: str,
) -> int:
    """Compile a spec to TrainingArguments JSON and launch files; print the JSON, or write all files to DIR."""
    from configlint.commands import compile as deliver
    from configlint.core.errors import UsageError
    from configlint.pipeline import compile_spec
    from configlint.session import Session

    if output == "":
        raise UsageError("-o requires a folder, got an empty string")
    if compare and output is None:
        raise UsageError("--check requires -o DIR: it compares the files there")
    if name is not None and output is not None:
        raise UsageError("-o and --to cannot be combined: -o writes all files, --to prints one")
    if force and (compare or output is None):
        raise UsageError("--force requires -o DIR and cannot be combined with --check")
    compiled = compile_spec(spec, Session(assignments), target, output)
    show(compiled.diagnostics)
    if compiled.refusal:
        note(compiled.refusal)
    if not compiled.folders:
        return max(FINDINGS, faults(compiled.crashes))
    if output is None:
        return deliver.show_file(compiled, name or "training_args", level)
    return deliver.compare(compiled, level) if compare else deliver.write(compiled, level, force)


@cli.command()
@click.argument("spec")
@click.argument("path", required=False)
@_target("Explain the plan of this target.")
@_set
def explain(spec: str, path: str | None, target: str | None, assignments: tuple[str, ...]) -> int:
    """Explain where a value comes from, down to file and line; PATH may be the name of an argument."""
    from configlint.commands import explain
    from configlint.core.diagnostic import Severity
    from configlint.pipeline import findings
    from configlint.session import Session, load_one, one

    session = Session(assignments)
    loaded = load_one(spec, session)
    plans = [one(loaded.plans, target)] if loaded.plans else []
    diagnostics, crashes = findings(loaded, plans, session)
    show(diagnostics)
    errors = any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
    code = max(FINDINGS if errors else CLEAN, faults(crashes))
    for plan in map(explain.complete, plans):
        paths = explain.asked(plan, path)
        if path and not paths:
            note(explain.unknown(plan, path))
            code = max(code, USAGE)
        elif not paths:
            note("nothing to explain: the batch cannot be computed from this spec")
            code = max(code, FINDINGS)
        echo(explain.trees(plan, paths))
    return code


@cli.command()
@click.argument("spec")
@_target("Estimate only this target.")
@_set
@click.option(
    "--per-device", type=click.IntRange(min=1), metavar="N", help="Estimate a per-device batch of N samples."
)
@click.option("--trace", is_flag=True, help="Trace one step of the real model on tensors without data.")
@click.option("--save", "saves", is_flag=True, help="Write the model's config and what was traced beside the spec.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def fit(
    spec: str,
    target: str | None,
    assignments: tuple[str, ...],
    per_device: int | None,
    trace: bool,
    saves: bool,
    output_format: str,
) -> int:
    """Estimate the memory of a training step, show what uses it, and list changes that use less.

    A model that is not bundled is read from the Hub's cache, if it is there. One that is not modelled is traced, if
    torch is installed.

    Exit code 1 if a target may not fit; if the memory cannot be estimated, the exit code stays 0.
    """
    from configlint.commands.fit import answer
    from configlint.commands.tracing import save, with_cached_model
    from configlint.core.diagnostic import Severity
    from configlint.pipeline import findings
    from configlint.reporters import fit_report
    from configlint.session import Session, load_one, selected

    session = Session(assignments)
    loaded = load_one(spec, session)
    plans = selected(loaded.plans, target)
    diagnostics, crashes = findings(loaded, plans, session)
    # Of the memory, the answer says more than a rule.
    diagnostics = [found for found in diagnostics if not found.rule.startswith(("memory/", "model/unknown"))]
    show(diagnostics)
    answers = [answer(with_cached_model(plan), per_device, trace, waiting) for plan in plans]
    echo(fit_report.as_json(answers) if output_format == "json" else fit_report.as_text(answers))
    if saves:
        place, is_named = save(answers)
        name = os.path.basename(place)
        note(f"wrote {place}" + ("" if is_named else f": write `config: {name}` under `model` to have it read"))
    fails = any(found.severity is Severity.ERROR for found in diagnostics)
    fails = fails or any(each.overflows for each in answers)
    return max(FINDINGS if fails else CLEAN, faults(crashes))


@cli.command()
@click.argument("spec")
@_target("Prove only this target.")
@_set
@click.option("--all-ranks", is_flag=True, help="Set up every rank, even if there are more than 64.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def prove(spec: str, target: str | None, assignments: tuple[str, ...], all_ranks: bool, output_format: str) -> int:
    """Set up the ranks of the job on this CPU and count the samples that they would train.

    Exit code 1 if the count differs from the plan or a library rejects the job; 2 if it cannot be counted here.
    """
    from configlint.pipeline import compile_spec
    from configlint.proving.prove import prove
    from configlint.reporters import prove_report
    from configlint.session import Session

    compiled = compile_spec(spec, Session(assignments), target, ".")
    show(compiled.diagnostics)
    if compiled.refusal:
        note(compiled.refusal)
    if not compiled.folders:
        return max(FINDINGS, faults(compiled.crashes))
    with waiting("setting up the ranks of the job"):
        answers = prove(compiled.plans, list(compiled.folders.values()), all_ranks)
    show([refusal for answer in answers for refusal in answer.found.refusals])
    echo(prove_report.as_json(answers) if output_format == "json" else prove_report.as_text(answers))
    untold = any(answer.proven is None for answer in answers)
    return USAGE if untold else FINDINGS if any(not answer.proven for answer in answers) else CLEAN


@cli.command("import")
@click.argument("file")
@click.option("-o", "output", metavar="SPEC", help="Write the spec to this file, which must not exist yet.")
@click.option("--call", type=int, metavar="N", help="Which call of a script or notebook, counted from 1.")
@click.option("--hardware", metavar="8xa100-80gb", help="The machine, where the file does not state it.")
def import_(file: str, output: str | None, call: int | None, hardware: str | None) -> int:
    """Make a spec of a TrainingArguments file, script or notebook; list what it cannot say.

    Exit code 1 if something could not be carried over; the spec is written all the same.
    """
    from configlint.commands.importing import import_file
    from configlint.host.write import write_new
    from configlint.session import Session

    imported = import_file(file, Session(stated=_stated(hardware, None)), call)
    if output is not None and not write_new(output, imported.text.encode()):
        note(f"{output} exists and is another file: nothing was written")
        return FINDINGS
    if output is None:
        echo(imported.text.encode())
    for line in imported.lost:
        note(line)
    return FINDINGS if imported.lost else CLEAN


@cli.command("rule")
@click.argument("name", required=False)
@click.option("--output-format", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
def rule_(name: str | None, output_format: str) -> int:
    """Print the page of a rule, or list all rules (as Markdown, the pages of all)."""
    from configlint import rules
    from configlint.core.diagnostic import NOT_IGNORABLE
    from configlint.core.errors import UsageError
    from configlint.core.wording import nearest
    from configlint.reporters.pages import as_json, as_markdown, as_text, listing, pages, table

    every = list(rules.all_rules())
    asked = rules.RENAMED.get(name, (name,)) if name else ()
    tables = [rule for rule in every if rule.rows and rule.name in asked]
    chosen = [page for page in pages(tables or every) if not name or tables or page.name in asked]
    if not chosen:
        if name and name.startswith(NOT_IGNORABLE):
            raise UsageError(f"{name} has no page: it is not a rule and cannot be ignored")
        close = nearest(name or "", rules.rule_names())
        raise UsageError(f"unknown rule {name}" + (f": did you mean {close}?" if close else ""))
    if output_format == "json":
        echo(as_json(chosen))
    elif output_format == "markdown":
        echo("\n".join(map(as_markdown, chosen)))
    elif name:
        echo("\n".join(map(table, tables) if tables else map(as_text, chosen)))
    else:
        echo(listing(chosen))
    return CLEAN


@cli.command()
@click.option(
    "--transformers", metavar="X.Y", help="The release of specs that state none (default: the newest known)."
)
@click.option("--trl", metavar="X.Y", help="The same for TRL's trainers.")
def schema(transformers: str | None, trl: str | None) -> int:
    """Print the JSON Schema of a spec, for editors."""
    from configlint.commands.schema import bundle, text
    from configlint.core.errors import UsageError

    try:
        found = bundle(transformers, trl)
    except LookupError as error:
        raise UsageError(str(error)) from error
    echo(text(found))
    return CLEAN


def main() -> None:
    """The program."""
    # A process this short has no garbage worth collecting: that would be a tenth of its time, and a
    # third over a thousand specs.
    gc.disable()
    prepare()
    try:
        with signals.raised():
            code = _run()
    except signals.Stopped as stopped:
        signals.die_of(stopped.number)
        raise
    gc.freeze()  # nor at the exit
    sys.exit(code or CLEAN)


def _run() -> int:
    """The command, and its exit code."""
    try:
        code: int = cli(prog_name="configlint", standalone_mode=False)
    except click.exceptions.Exit as exit:
        code = exit.exit_code
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        code = error.exit_code
    except click.Abort:
        code = 130
    except Exception as error:
        code = failure(error)
    return code


def _stdin() -> bytes:
    """Raises:
    UsageError: there is no reading it, or it is larger than any spec.
    """
    from configlint.core.errors import UsageError
    from configlint.host.read import LARGEST_BYTES, TOO_LARGE, reason

    if sys.stdin is None:
        raise UsageError("stdin is closed, nothing can be read")
    try:
        data = sys.stdin.buffer.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"stdin: {reason(error)}") from error
    if len(data) > LARGEST_BYTES:
        raise UsageError(f"stdin: {TOO_LARGE}")
    return data


def _forms(outputs: tuple[str, ...], statistics: bool) -> dict[str | None, str]:
    """The form of the report on stdout (None) and in files.

    Raises:
        UsageError: a form is unknown, or two reports would go to the same place.
    """
    from configlint.core.errors import UsageError
    from configlint.core.wording import nearest

    forms: dict[str | None, str] = {None: "statistics"} if statistics else {}
    for output in outputs:
        name, equals, file = output.partition("=")
        if name not in REPORTERS:
            close = nearest(name, REPORTERS)
            hint = f"did you mean {close}?" if close else f"expected {', '.join(REPORTERS)}"
            raise click.BadParameter(f"unknown format {name}: {hint}", click.get_current_context())
        if equals and not file:
            raise UsageError(f"--output-format {output}: write {name}=FILE")
        if (file or None) in forms:
            where = file or "stdout"
            raise UsageError(f"two reports would go to {where}: write one of them as --output-format {name}=FILE")
        forms[file or None] = name
    return {None: "text"} | forms


def _refuse_to_replace(files: Iterable[str | None], report: Report) -> None:
    """Raises:
    UsageError: a report would be written over a file that is checked.
    """
    from configlint.core.errors import UsageError

    checked = {os.path.realpath(name) for name in report.files}
    for file in files:
        if file is not None and os.path.realpath(file) in checked:
            raise UsageError(f"{file} is one of the checked files: write the report to another file")


def _write_reports(forms: dict[str | None, str], report: Report, whole: bool, color: str) -> None:
    from configlint.reporters import render

    for file, form in forms.items():
        text = render(form, report, whole)
        if file is None:
            if form == "text" and color != "never" and shows_links():
                from configlint.reporters.text import linked

                text = linked(text)
            echo(text, color={"always": True, "never": False}.get(color))
        else:
            from configlint.host.atomic import replace

            replace(file, click.unstyle(text).encode(errors="backslashreplace"))


def _write_baseline(path: str, report: Report) -> int:
    from configlint.commands import baseline
    from configlint.core.wording import count

    for line in report.unreadable:
        note(line)
    if report.unreadable or report.crashes:
        return max(USAGE, faults(report.crashes))
    note(f"wrote {count(baseline.write(path, report.diagnostics), 'finding')} to {path}")
    return CLEAN


def _left_of(report: Report, baseline: str | None, is_part: bool, quiet: bool) -> tuple[Report, bool]:
    """What is to be shown of a report, and whether the baseline is outdated: of a part of the rules or targets
    there is no telling."""
    from configlint.core.diagnostic import Severity

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


def _code(report: Report, fail_on: str, changed: bool) -> int:
    """The exit code, after what else there is to say."""
    from configlint.core.diagnostic import Severity

    for line in report.unreadable:
        note(line)
    failing = [Severity.ERROR] if fail_on == "error" else [Severity.ERROR, Severity.WARNING]
    fails = changed or any(found.severity in failing for found in report.diagnostics)
    return max(FINDINGS if fails else CLEAN, USAGE if report.unreadable else CLEAN, faults(report.crashes))


def _stated(hardware: str | None, effective: int | None) -> dict[str, Setting] | None:
    if hardware is None and effective is None:
        return None
    from configlint.project.stated import in_options

    return in_options(hardware, effective)


def _refuse_together(paths: tuple[str, ...], fix: bool, compare: bool, has_form: bool) -> None:
    """Raises:
    UsageError: these options do not go together.
    """
    from configlint.core.errors import UsageError

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
    return mend.write(mend.mend(report, paths, session, target), paths, target)


def _show_fixes(paths: tuple[str, ...], session: Session, target: str | None) -> tuple[Report, bool]:
    """Show what --fix would do; what would be left, and whether there is a difference."""
    from configlint.commands.fix import diff, mend
    from configlint.pipeline import check
    from configlint.reporters import text

    mended = mend(check(paths, session, target), paths, session, target)
    # The bytes that the files have, whatever the terminal's encoding.
    lines = "".join(diff(mended))
    echo(lines.encode())
    echo(text.summary(mended.before), err=True)
    return mended.after, bool(lines)
