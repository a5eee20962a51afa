"""Which findings a run reports, and how severe they are: rules and families by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from configlint.core.diagnostic import NOT_IGNORABLE, Diagnostic, Severity
from configlint.core.record import NamedTuple
from configlint.core.wording import nearest

# Names that rules had, and what stands for each today.
Renamed = dict[str, tuple[str, ...]]

# What configlint says of ignore comments has no module.
_OF_COMMENTS = ("nameless", "not-ignorable", "renamed", "unknown-rule", "unused")


class Selection(NamedTuple):
    """Names of rules, tables and families. With no `select`, all are selected; of two names that concern a rule
    the longer counts (`batch/too-large` before `batch`), and of equal ones `ignore`."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = {}

    def judged(self, found: Diagnostic, renamed: Renamed) -> Diagnostic | None:
        """A finding with the severity that it is given; None where it is not selected."""
        if found.rule.startswith(NOT_IGNORABLE):
            return found
        names = _names(found)
        wanted = 0 if self.select is None else _weight(names, self.select, renamed)
        if wanted < 0 or _weight(names, self.ignore, renamed) >= max(wanted, 1):
            return None
        given = max(self.severity, key=lambda name: _weight(names, (name,), renamed), default="")
        if _weight(names, (given,), renamed) < 0:
            return found
        return found._replace(severity=Severity(self.severity[given]))


def _names(found: Diagnostic) -> tuple[str, ...]:
    """What a finding is called, the least exact name first."""
    table = (found.table,) if found.table else ()
    return (found.rule.partition("/")[0], *table, found.rule)


def _weight(names: tuple[str, ...], chosen: Iterable[str], renamed: Renamed) -> int:
    """How exactly one of the chosen names means a finding: 1 and more, or -1 where none does."""
    meant = {name for each in chosen for name in renamed.get(each, (each,))}
    return max((place for place, name in enumerate(names, 1) if name in meant), default=-1)


def unknown(name: str, rules: Collection[str]) -> str | None:
    """What is wrong with a name that is to select rules; None where it is known. `rules` are all names of rules."""
    if name.startswith(NOT_IGNORABLE) or f"{name}/" in NOT_IGNORABLE:
        return f"`{name}` cannot be selected or ignored"
    known = {*rules, *(f"ignore/{defect}" for defect in _OF_COMMENTS)}
    families = {rule.partition("/")[0] for rule in known}
    if name in known or name in families:
        return None
    close = nearest(name, sorted(known if "/" in name else families))
    hint = f"did you mean `{close}`?" if close else "`configlint rule` lists the rules"
    return f"the rule `{name}` is unknown: {hint}"
