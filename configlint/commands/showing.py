"""What a check would go by: the settings, and the files."""

from __future__ import annotations

import json
from collections.abc import Sequence

from configlint.commands.console import CLEAN, USAGE, echo, note
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.pipeline import Report
from configlint.session import Session, files_of, specs


def files(paths: Sequence[str], session: Session) -> int:
    """Print the names of the files that would be checked."""
    unreadable: list[str] = []
    for file, _ in specs(files_of(paths, session), session, unreadable):
        echo(f"{file.source.name}\n")
    for line in unreadable:
        note(line)
    return USAGE if unreadable else CLEAN


def settings(paths: Sequence[str], session: Session) -> int:
    """Print the settings of the files that would be checked, as TOML, each once with where they are."""
    unreadable: list[str] = []
    shown = {}
    for file, _ in specs(files_of(paths, session), session, unreadable):
        found = session.projects.settings(file.source.name)
        shown[found.source.name if found.source else ""] = found.values
    for name, values in shown.items():
        echo(f"# {name or 'no settings'}\n")
        echo("".join(f"{key} = {_toml(value)}\n" for key, value in values.items()))
    for name, value in session.options._asdict().items():
        if value:
            echo(f"# --{name.replace('_', '-')}: {', '.join(value) if isinstance(value, tuple) else value}\n")
    for line in unreadable:
        note(line)
    return USAGE if unreadable else CLEAN


def readings(report: Report, session: Session) -> None:
    """Say of each file how it was read, and of each plan by which release it was judged."""
    seen = dict.fromkeys(report.files)
    for name in seen:
        own = session.projects.settings(name).source
        note(f"{name}: settings: {own.name if own else 'none'}")
    for line in dict.fromkeys(_reading(plan) for plan in report.loaded):
        note(line)


def _reading(plan: Plan) -> str:
    stated = plan.spec.settings.get("transformers")
    why = f"stated at {stated.span}" if stated else "assumed: no file states or pins one"
    release = f"transformers {written(plan.release.transformers)} ({why})"
    return f"{plan.spec.source.name}: {plan.spec.dialect.title}, judged by {release}"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
