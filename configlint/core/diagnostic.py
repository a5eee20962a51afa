"""What a user is told, at its place."""

from __future__ import annotations

from enum import Enum

from configlint.core.edit import Edit
from configlint.core.record import NamedTuple
from configlint.core.remedy import Meant
from configlint.core.source import Span

# What has no rule of its own and must be mended.
NOT_IGNORABLE = ("syntax/", "schema/", "verify/")


class Severity(Enum):
    """Error: the job fails or trains something else than written. Warning: it probably
    wastes or surprises. Info: advice, never a failure."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Related(NamedTuple):
    """Another place that has to do with it."""

    message: str
    span: Span


class Diagnostic(NamedTuple):
    """A finding at its place; `path` is canonical and dotted, None where there is none.

    `targets` are those that it was found in, `all_targets` says that there are no others. `fix` is an edit that
    mends it and loses nothing, `unsafe` one that may change what is meant; `compiled` says that what `compile`
    writes is right all the same. `table` is the rule that found it, where `rule` is a row of that. `meant` is
    what a word that nothing knows was most likely meant for, or, where there is no telling, all that it can be.
    """

    rule: str
    severity: Severity
    message: str
    span: Span
    help: str | None = None
    path: str | None = None
    related: tuple[Related, ...] = ()
    targets: tuple[str, ...] = ()
    all_targets: bool = False
    fix: Edit | None = None
    compiled: bool = False
    table: str | None = None
    meant: tuple[Meant, ...] = ()
    unsafe: Edit | None = None
