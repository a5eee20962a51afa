"""What a rule is: a page, a severity, and a generator from a plan to findings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Remedy


class Finding(NamedTuple):
    """Something wrong with the setting at `path`, or with what was derived there.

    `message` is one sentence, lower case, with the numbers; `remedies` are two at most, the cheapest first, and
    `--fix` makes the first that is safe. `severity` is for a finding milder than its rule; `related` names further
    (path, message) places; `on_key` puts it on the key rather than the value; `compiled` says that what `compile`
    writes is right all the same.
    """

    path: str
    message: str
    remedies: Sequence[Remedy] = ()
    severity: Severity | None = None
    related: tuple[tuple[str, str], ...] = ()
    on_key: bool = False
    compiled: bool = False


Check = Callable[[Plan], Iterator[Finding]]


class Rule(NamedTuple):
    """`name` is `family/defect`, the path of its module with hyphens; `fixes` says that some of its
    findings can be fixed."""

    name: str
    severity: Severity
    check: Check
    fixes: bool = False

    @property
    def page(self) -> str:
        """The documentation: the module's docstring."""
        return (sys.modules[self.check.__module__].__doc__ or "").strip()


def rule(severity: Severity, fixes: bool = False) -> Callable[[Check], Rule]:
    """Make a rule of the `check` function of a module `configlint/rules/<family>/<defect>.py`."""

    def make(check: Check) -> Rule:
        family, defect = check.__module__.split(".")[-2:]
        return Rule(f"{family}/{defect.replace('_', '-')}", severity, check, fixes)

    return make
