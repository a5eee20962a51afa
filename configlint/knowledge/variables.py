"""Environment variables that say what a spec says: variables.yaml, and what it says of a name."""

from __future__ import annotations

from functools import cache

from configlint.knowledge import parsed


def patterns() -> dict[str, tuple[str, ...]]:
    """Those that are read by the job, a `*` for the rest of a name, and the settings that decide instead."""
    return _known()[0]


def instead(name: str) -> tuple[str, ...] | None:
    """The settings that decide instead of a variable, none where the launcher does; None of one that says nothing
    that a spec says."""
    read, of_launcher = _known()
    found = next((pattern for pattern in read if _is_of(pattern, name)), None)
    return read[found] if found else () if name in of_launcher else None


def is_read(name: str) -> bool:
    """Whether what a job reads there would be taken for what its spec says."""
    return any(_is_of(pattern, name) for pattern in patterns())


def _is_of(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


@cache
def _known() -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    content = parsed("variables.yaml")
    return {name: tuple(paths) for name, paths in content["read"].items()}, frozenset(content["set"])
