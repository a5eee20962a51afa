"""What `compile` does with what was compiled: show a file, compare all with a folder, or write them there."""

from __future__ import annotations

import click

from configlint.artifact import Artifact
from configlint.console import CLEAN, FINDINGS, echo, note, show
from configlint.pipeline import Compiled, verified
from configlint.session import UsageError, reason


def show_file(compiled: Compiled, name: str, level: str) -> int:
    """Print the file of this name, once it is verified."""
    text = _choose(compiled, name)
    if not _accepted(compiled, level):
        return FINDINGS
    # As it would be written: the same bytes whatever the terminal's encoding.
    click.echo(text.encode("utf-8", errors="surrogateescape"), nl=False)
    for artifact in (artifact for artifacts in compiled.folders.values() for artifact in artifacts):
        if artifact.note:
            note(f"{artifact.name}: {artifact.note}")
    return CLEAN


def compare(compiled: Compiled, level: str) -> int:
    """Print how what is there differs."""
    from configlint.output import differences

    # What is there was verified when it was written.
    if level == "require" and not _accepted(compiled, level):
        return FINDINGS
    lines = list(differences(_with_left_over(compiled)))
    echo("".join(lines))
    return FINDINGS if lines else CLEAN


def write(compiled: Compiled, level: str) -> int:
    """Write all files, once they are verified; all or none."""
    from configlint import output
    from configlint.reporters import written

    if not _accepted(compiled, level):
        return FINDINGS
    try:
        output.write(_with_left_over(compiled))
    except OSError as error:
        raise UsageError(f"nothing is written: {error.filename}: {reason(error)}") from error
    echo(written.render(compiled.plans, compiled.folders, compiled.left_over), err=True)
    return CLEAN


def _accepted(compiled: Compiled, level: str) -> bool:
    """Hold what was compiled against its readers, and say by what it was read and what could not be verified."""
    diagnostics, lines, complete = verified(compiled, level != "never")
    show(diagnostics)
    echo("".join(f"{line}\n" for line in lines), err=True)
    return not diagnostics and (complete or level != "require")


def _with_left_over(compiled: Compiled) -> dict[str, list[Artifact]]:
    """All folders; nothing belongs into those that are left over."""
    return compiled.folders | {folder: [] for folder in compiled.left_over}


def _choose(compiled: Compiled, name: str) -> str:
    """The text of the file that --to names.

    Raises:
        UsageError: the spec asks for no such file.
    """
    from configlint.backends import ALSO, MADE_BY, ON_DEMAND

    artifacts = [artifact for artifacts in compiled.folders.values() for artifact in artifacts]
    further = [back_end.emit(plan) for back_end in ON_DEMAND.values() for plan in compiled.plans]
    artifacts += [artifact for found in further for artifact in found]
    stem = ALSO.get(name, name.partition(".")[0])
    for artifact in artifacts:
        if name == artifact.name or (ALSO.get(name, name) == artifact.name.partition(".")[0]):
            return artifact.text
    there = ", ".join(artifact.name for artifact in artifacts)
    hint = f"; `{MADE_BY[stem]}` would make one" if stem in MADE_BY else ""
    raise UsageError(f"there is no file {name}: this spec makes {there}{hint}")
