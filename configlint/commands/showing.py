"""What a check would go by: the settings, and the files."""

from __future__ import annotations

import json
from collections.abc import Sequence

from configlint.commands.console import CLEAN, USAGE, echo, note
from configlint.session import Session, specs


def files(paths: Sequence[str], session: Session) -> int:
    """Print the names of the files that would be checked."""
    unreadable: list[str] = []
    for file, _ in specs(paths, session, unreadable):
        echo(f"{file.source.name}\n")
    for line in unreadable:
        note(line)
    return USAGE if unreadable else CLEAN


def settings(paths: Sequence[str], session: Session) -> int:
    """Print the settings of the files that would be checked, as TOML, each once with where they are."""
    unreadable: list[str] = []
    shown = {}
    for file, _ in specs(paths, session, unreadable):
        found = session.projects.settings(file.source.name)
        shown[found.source.name if found.source else ""] = found.values
    for name, values in shown.items():
        echo(f"# {name or 'no settings'}\n")
        echo("".join(f"{key} = {_toml(value)}\n" for key, value in values.items()))
    for name, value in session.options._asdict().items():
        if value:
            echo(f"# --{name}: {', '.join(value) if isinstance(value, tuple) else value}\n")
    for line in unreadable:
        note(line)
    return USAGE if unreadable else CLEAN


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
