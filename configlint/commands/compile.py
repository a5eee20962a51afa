"""What `compile` does with what was compiled: show a file, compare all with a folder, or write them there."""

from __future__ import annotations

import os
from contextlib import nullcontext

from configlint.commands.console import CLEAN, FINDINGS, echo, note, show, waiting
from configlint.core.artifact import Artifact
from configlint.core.errors import UsageError
from configlint.core.typing import TYPE_CHECKING
from configlint.host.read import reason
from configlint.pipeline import Compiled, verified

if TYPE_CHECKING:
    from configlint.host.write import NotOurs


def show_file(compiled: Compiled, name: str, level: str) -> int:
    """Print the file of this name, once it is verified."""
    text = _choose(compiled, name)
    if not _accepted(compiled, level):
        return FINDINGS
    # As it would be written: the same bytes whatever the terminal's encoding.
    echo(text.encode("utf-8", errors="surrogateescape"))
    for artifact in (artifact for artifacts in compiled.folders.values() for artifact in artifacts):
        if artifact.note:
            note(f"{artifact.name}: {artifact.note}")
    return CLEAN


def compare(compiled: Compiled, level: str, spec: str, output: str) -> int:
    """Print how what is there differs."""
    from configlint.core.masking import masked
    from configlint.host.write import differences, incomplete
    from configlint.reporters.diff import unified

    # What is there was verified when it was written.
    if level == "require" and not _accepted(compiled, level):
        return FINDINGS
    folders = _with_left_over(compiled)
    lines: list[str] = []
    for path, before, after in differences(folders):
        name = os.devnull if after is None else f"{path} (compiled)"
        lines += unified(masked(before), masked(after or ""), path, name)
    echo("".join(lines))
    half_done = incomplete(folders)
    if lines:
        note(f"{output} is not what {spec} compiles to: compile again without --check")
    for folder in half_done:
        note(f"{folder} is incomplete because a compilation was interrupted: compile again without --check")
    return FINDINGS if lines or half_done else CLEAN


def write(compiled: Compiled, level: str, force: bool) -> int:
    """Write all files, once they are verified; all or none. With `force`, also over what was not compiled."""
    from configlint.host import write as output
    from configlint.reporters import written

    folders = _with_left_over(compiled)
    try:
        if not force:
            output.refuse_foreign(folders)  # before it takes time to verify what is not written
        if not _accepted(compiled, level):
            return FINDINGS
        output.write(folders, force)
    except output.NotOurs as error:
        return _refuse(error)
    except OSError as error:
        raise UsageError(f"nothing was written: {error.filename}: {reason(error)}") from error
    echo(written.render(compiled.plans, compiled.folders, compiled.left_over), err=True)
    return CLEAN


def _accepted(compiled: Compiled, level: str) -> bool:
    """Hold what was compiled against its readers, and say by what it was read and what could not be verified."""
    with waiting("verifying the files with the installed packages") if level != "never" else nullcontext():
        diagnostics, lines, complete = verified(compiled, level != "never")
    show(diagnostics)
    echo("".join(f"{line}\n" for line in lines), err=True)
    return not diagnostics and (complete or level != "require")


def _refuse(error: NotOurs) -> int:
    for path in error.paths:
        note(f"{path} was not written by configlint, or was changed since")
    why = "(needed once, because configlint 0.1 kept no digests in plan.json)" if error.undated else ""
    note(f"nothing was written: use --force to overwrite{why}")
    return FINDINGS


def _with_left_over(compiled: Compiled) -> dict[str, list[Artifact]]:
    """All folders; nothing belongs into those that are left over."""
    return compiled.folders | {folder: [] for folder in compiled.left_over}


def _choose(compiled: Compiled, name: str) -> str:
    """The text of the file that --to names.

    Raises:
        UsageError: the spec asks for no such file.
    """
    from configlint.backends import MADE_BY, ON_DEMAND
    from configlint.knowledge.naming import FILES

    artifacts = [artifact for artifacts in compiled.folders.values() for artifact in artifacts]
    further = [back_end.emit(plan) for back_end in ON_DEMAND.values() for plan in compiled.plans]
    artifacts += [artifact for found in further for artifact in found]
    stem = FILES.get(name, name.partition(".")[0])
    for artifact in artifacts:
        if name == artifact.name or (FILES.get(name, name) == artifact.name.partition(".")[0]):
            return artifact.text
    there = ", ".join(artifact.name for artifact in artifacts)
    hint = f"; `{MADE_BY[stem]}` adds it" if stem in MADE_BY else ""
    raise UsageError(f"unknown file {name}: this spec compiles to {there}{hint}")
