"""What to do about a finding, in terms of canonical paths; `lint` spells it in the dialect of the file.

`safe` says that it loses nothing and changes nothing that was meant, so that `--fix` does it. `why` is a reason or
a consequence, in a few words, that is said after it.
"""

from __future__ import annotations

from configlint.core.edit import KEPT
from configlint.core.record import NamedTuple


class Put(NamedTuple):
    """Write a value at a path, in the place of the one that is there or anew. `meant` says that what is there is a
    word that nothing knows, so that what follows from it is not said, as with `Meant`."""

    path: str
    value: object
    why: str = ""
    safe: bool = False
    meant: bool = False


class Drop(NamedTuple):
    """Remove what is written at a path."""

    path: str
    why: str = ""
    safe: bool = False


class Move(NamedTuple):
    """Write at `to` what is written at `path`, or another value."""

    path: str
    to: str
    value: object = KEPT
    why: str = ""
    safe: bool = False


class Meant(NamedTuple):
    """Ask whether what is written at `path`, a word that nothing knows, was meant for another path or value.

    What would not be said if it were right follows from it, and is not said (`pipeline.judge`).
    """

    path: str
    to: str
    value: object = KEPT
    more: str = ""


class Say(NamedTuple):
    """Anything else, as it stands; only where the dialect can say all of `needs`, which are paths."""

    text: str
    needs: tuple[str, ...] = ()


Act = Put | Drop | Move
# Several acts that belong together are a tuple.
Remedy = Put | Drop | Move | Meant | Say | tuple[Act, ...]
