"""What a package makes of a file, as ask_readers.py prints it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def read(what: str, by: str) -> dict[str, Any]:
    return {"what": what, "by": by, "unverified": [], "error": None}


def refused(what: str, by: str, error: BaseException) -> dict[str, Any]:
    """The package's own words, in a line; what was not to be imported is no matter of the file."""
    if isinstance(error, ImportError):
        return unread(what, str(error).strip().splitlines()[0])
    said = " ".join(str(error).split()) or repr(error)
    return {**read(what, by), "error": said if isinstance(error, Otherwise) else f"rejects this: {said}"}


def unread(what: str, reason: str) -> dict[str, Any]:
    return {"what": what, "by": None, "unverified": [f"{what} ({reason})"], "error": None}


class Otherwise(Exception):
    """A package reads something else than is planned."""


def compare(planned: Mapping[str, object], found: Mapping[str, object]) -> None:
    """Raises:
    Otherwise: a number that is planned was read as another.
    """
    for name, value in planned.items():
        if found.get(name) != value:
            raise Otherwise(f"reads {name} as {found.get(name)}, but {value} is planned")
