"""What a rule is: a page, a severity, and a generator from a plan to findings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.remedy import Remedy


class Finding(NamedTuple):
    """Something wrong with the setting at `path`, or with what was derived there.

    `message` is one sentence, lower case, with the numbers; `remedies` are two at most, the cheapest first, and
    `--fix` makes the first that is safe. `severity` is for a finding milder than its rule; `related` names further
    (path, message) places; `on_key` puts it on the key rather than the value; `compiled` says that what `compile`
    writes is right all the same. `row` names the defect where its rule is a table.
    """

    path: str
    message: str
    remedies: Sequence[Remedy] = ()
    severity: Severity | None = None
    related: tuple[tuple[str, str], ...] = ()
    on_key: bool = False
    compiled: bool = False
    row: str | None = None


Check = Callable[[Plan], Iterator[Finding]]


class Row(NamedTuple):
    """One defect of a table: a sentence for its page, its severity where that is milder than the table's, and
    whether some of its findings can be fixed."""

    page: str
    severity: Severity | None = None
    fixes: bool = False


class Rule(NamedTuple):
    """`name` is `family/defect`, the path of its module with hyphens; `fixes` says that some of its
    findings can be fixed.

    A table of defects has `rows`: what is said, ignored and explained is a row, under the name of the row in the
    same family.
    """

    name: str
    severity: Severity
    check: Check
    fixes: bool = False
    rows: Mapping[str, Row] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names that its findings have."""
        return tuple(map(self.named, self.rows)) or (self.name,)

    def named(self, row: str) -> str:
        """`family/row`."""
        return f"{self.name.partition('/')[0]}/{row}"

    @property
    def page(self) -> str:
        """The documentation: the module's docstring."""
        return (sys.modules[self.check.__module__].__doc__ or "").strip()


def rule(
    severity: Severity,
    fixes: bool = False,
    rows: Mapping[str, Row] | None = None,
    when: Callable[[Plan], bool] | None = None,
) -> Callable[[Check], Rule]:
    """Make a rule of the `check` function of a module `configlint/rules/<family>/<defect>.py`.

    `when` is for a rule that concerns few plans: for the others the module is not even loaded, as
    schemas/generate.py copies the condition into the index of the rules.
    """
    table = rows or {}
    can_fix = fixes or any(row.fixes for row in table.values())

    def make(check: Check) -> Rule:
        family, defect = check.__module__.split(".")[-2:]
        return Rule(f"{family}/{defect.replace('_', '-')}", severity, check, can_fix, table)

    return make
