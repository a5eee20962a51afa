"""The commands and their options. What a command needs is imported when it runs."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click

from configlint import __version__
from configlint.commands.console import (
    CLEAN,
    FINDINGS,
    USAGE,
    echo,
    faults,
    note,
    show,
    waiting,
)
from configlint.core.typing import TYPE_CHECKING, Any
from configlint.reporters import REPORTERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.decorators import FC
    from click.shell_completion import CompletionItem


class _File(click.types.StringParamType):
    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


_FILE = _File()


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


_new_spec = click.option(
    "-o", "output", type=_FILE, metavar="SPEC", help="Write the spec to this file, which must not exist yet."
)


def _target(help: str) -> Callable[[FC], FC]:
    return click.option("--target", metavar="NAME", help=help)


def _formats(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        name = value.partition("=")[0]
        if name not in REPORTERS:
            from configlint.core.wording import nearest

            close = nearest(name, REPORTERS)
            hint = f"did you mean {close}?" if close else f"expected {', '.join(REPORTERS)}"
            raise click.BadParameter(f"unknown format {name}: {hint}", context)
    return values


def _split(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def _rules(context: click.Context, option: click.Parameter, begun: str) -> list[str]:
    from configlint import rules

    return [name for name in sorted(rules.rule_names()) if name.startswith(begun)]


def _names(option: str, help: str) -> Callable[[FC], FC]:
    return click.option(option, multiple=True, metavar="RULE,...", callback=_split, help=help)


@cli.command()
@click.argument("paths", nargs=-1, type=_FILE, metavar="[PATH]...")
@_target("Check only this target.")
@_set
@click.option(
    "--output-format", "outputs", multiple=True, metavar="FORMAT[=FILE]", callback=_formats,
    help=f"The form of the report, on stdout or in FILE; repeatable: {', '.join(REPORTERS)}.",
)  # fmt: skip
@click.option("--statistics", is_flag=True, help="Show how often each rule finds something.")
@click.option(
    "--baseline",
    type=_FILE,
    metavar="FILE",
    help="Report only what FILE does not have, and what in it is outdated.",
)
@click.option("--write-baseline", type=_FILE, metavar="FILE", help="Write all findings to FILE, for --baseline.")
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
@click.option(
    "--unsafe-fixes", is_flag=True, help="With --fix or --diff, also make fixes that may change the meaning."
)
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
@click.option("--config", type=_FILE, metavar="FILE", help="Read the settings from this file only.")
@click.option("--isolated", is_flag=True, help="Read no settings.")
@click.option("--no-ignores", is_flag=True, help="Report what ignore comments ignore, too.")
@click.option("--show-settings", is_flag=True, help="Print the settings of the files; check nothing.")
@click.option("--show-files", is_flag=True, help="Print the names of the files that would be checked.")
def check(paths: tuple[str, ...], **options: Any) -> int:
    """Check training configs: files, folders (default: this one), or `-` for stdin."""
    from configlint.commands.check import check

    return check(paths, **options)


@cli.command("compile")
@click.argument("spec", type=_FILE)
@_target("Compile only this target.")
@_set
@click.option(
    "-o", "output", type=_FILE, metavar="DIR", help="Write all files to DIR; each target gets its own subfolder."
)
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
        if output is not None and not compare and not compiled.refusal:
            note("nothing was written")
        return max(FINDINGS, faults(compiled.crashes))
    if output is None:
        return deliver.show_file(compiled, name or "training_args", level)
    return deliver.compare(compiled, level, spec, output) if compare else deliver.write(compiled, level, force)


@cli.command()
@click.argument("spec", type=_FILE)
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
        echo(explain.trees(plan, paths) + explain.meant(plan, paths))
    return code


@cli.command("show")
@click.argument("spec", type=_FILE)
@_target("Show only this target.")
@_set
def show_(spec: str, target: str | None, assignments: tuple[str, ...]) -> int:
    """Show the spec with all that it extends, merged for each target, and the place of each value."""
    from configlint.commands.merged import shown
    from configlint.core.diagnostic import Severity
    from configlint.session import Session, load_one, selected_specs

    loaded = load_one(spec, Session(assignments), base=True)
    show(loaded.diagnostics)
    specs = loaded.bases or [plan.spec for plan in loaded.plans]
    echo(shown(selected_specs(specs, target)).encode(errors="backslashreplace"))
    fails = any(found.severity is Severity.ERROR for found in loaded.diagnostics)
    return FINDINGS if fails else CLEAN


@cli.command()
@click.argument("spec", type=_FILE)
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
@click.argument("spec", type=_FILE)
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
@click.argument("file", type=_FILE)
@click.option(
    "-o", "output", type=_FILE, metavar="SPEC", help="Write the spec to this file, which must not exist yet."
)
@click.option("--call", type=int, metavar="N", help="Which call of a script or notebook, counted from 1.")
@click.option("--hardware", metavar="8xa100-80gb", help="The machine, where the file does not state it.")
def import_(file: str, output: str | None, call: int | None, hardware: str | None) -> int:
    """Make a spec of a TrainingArguments file, script or notebook; list what it cannot say.

    Exit code 1 if something could not be carried over; the spec is written all the same.
    """
    from configlint.commands.importing import import_file
    from configlint.host.write import write_new
    from configlint.project.stated import in_options
    from configlint.session import Session

    imported = import_file(file, Session(stated=in_options(hardware, None)), call)
    if output is not None and not write_new(output, imported.text.encode()):
        note(f"{output} exists and is another file: nothing was written")
        return FINDINGS
    if output is None:
        echo(imported.text.encode())
    for line in imported.lost:
        note(line)
    return FINDINGS if imported.lost else CLEAN


@cli.command()
@click.option(
    "-o", "output", type=_FILE, metavar="SPEC", help="Write the spec to this file, which must not exist yet."
)
@click.option("--hardware", metavar="8xa100-80gb", help="The machine (default: the GPUs of this one).")
@click.option("--effective", type=click.IntRange(min=1), metavar="SAMPLES", help="The effective batch.")
@click.option("--trainer", metavar="CLASS", help="The class that the script builds, such as SFTTrainer.")
@click.option("--model", metavar="NAME", help="What the script loads: a bundled model, a Hub id or a config.json.")
@click.option("--script", type=_FILE, metavar="FILE", help="The training script.")
@click.option("--yes", is_flag=True, help="Ask nothing; take the defaults.")
def init(
    output: str | None,
    hardware: str | None,
    effective: int | None,
    trainer: str | None,
    model: str | None,
    script: str | None,
    yes: bool,
) -> int:
    """Make a commented spec to start from; on a terminal, what the options do not say is asked.

    Exit code 1 if the file exists or the answers make an error, and nothing is written; or for a warning.
    """
    from configlint.commands import init
    from configlint.commands.known import refuse_unknown_trainer
    from configlint.core.diagnostic import Severity
    from configlint.host.write import write_new

    if output is not None and os.path.lexists(output):
        note(f"{output} exists: nothing was written")
        return FINDINGS
    refuse_unknown_trainer(trainer)
    asks = not yes and sys.stdin is not None and sys.stdin.isatty()
    answers = init.machine(hardware, asks)._replace(
        effective=effective, trainer=trainer, model=model, script=script
    )
    text, found = init.starter(output or "train.yaml", init.asked(answers) if asks else answers)
    show(found)
    if any(each.severity is Severity.ERROR for each in found):
        note("nothing was written: no spec with these answers is free of errors")
        return FINDINGS
    if output is None:
        echo(text.encode())
    elif write_new(output, text.encode()):
        note(f"wrote {output}: next, run `configlint check {output}`")
    else:
        note(f"{output} exists: nothing was written")
        return FINDINGS
    return FINDINGS if found else CLEAN


@cli.command("list")
@click.argument("kind", type=click.Choice(["accelerators", "models", "trainers", "optimizers", "arguments"]))
@click.option("--transformers", metavar="X.Y", help="List what this release has (default: the newest known).")
@click.option("--trl", metavar="X.Y", help="The same for TRL.")
@click.option("--trainer", metavar="CLASS", default="Trainer", help="List the arguments of this trainer.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(kind: str, transformers: str | None, trl: str | None, trainer: str, output_format: str) -> int:
    """List the names that a spec may use: accelerators, models, trainers, optimizers or arguments."""
    from configlint.commands import listing
    from configlint.commands.known import refuse_unknown_releases, refuse_unknown_trainer

    refuse_unknown_releases(transformers, trl)
    refuse_unknown_trainer(trainer)
    rows = list(listing.KINDS[kind](listing.Asked(transformers, trl, trainer)))
    echo(listing.as_json(kind, rows) if output_format == "json" else listing.as_text(kind, rows))
    return CLEAN


@cli.command("rule")
@click.argument("name", required=False, shell_complete=_rules)
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
    "--transformers",
    metavar="X.Y",
    help="The release of specs that state none (default: what this folder's project pins, else the newest known).",
)
@click.option("--trl", metavar="X.Y", help="The same for TRL's trainers.")
def schema(transformers: str | None, trl: str | None) -> int:
    """Print the JSON Schema of a spec, for editors."""
    from configlint.commands.schema import bundle, text
    from configlint.knowledge import release_known
    from configlint.session import Session

    if transformers is None and trl is None:
        stated = Session().projects.releases("spec.yaml")
        transformers, trl = (release_known(package, stated.get(package)) for package in ("transformers", "trl"))
    echo(text(bundle(transformers, trl)))
    return CLEAN


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script of a shell.

    \b
    bash: eval "$(configlint completion bash)" in ~/.bashrc
    zsh:  eval "$(configlint completion zsh)" in ~/.zshrc
    fish: configlint completion fish > ~/.config/fish/completions/configlint.fish
    """
    from click.shell_completion import get_completion_class

    known = get_completion_class(shell)
    assert known is not None
    echo(known(cli, {}, "configlint", "_CONFIGLINT_COMPLETE").source())
    return CLEAN


def run() -> int:
    """Run the command of the command line; its exit code."""
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
    return code
