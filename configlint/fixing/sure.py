"""Which fixes are sure: right for every plan that reads the entry, and possible in the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from configlint import rules
from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.document import Node
from configlint.core.edit import Edit, identity
from configlint.core.plan import Plan
from configlint.core.source import Span
from configlint.fixing.edits import possible
from configlint.lint import lint

_Agreed = tuple[str, tuple[object, ...]]


def sure(
    diagnostics: list[Diagnostic], plans: Iterable[Plan], documents: Mapping[str, Node], unsafe: bool = False
) -> list[Diagnostic]:
    """The diagnostics, with the fixes that are sure and what they do to the text, and without the others.

    `plans` are all of the run, `documents` those that can be edited, by the names of their files. With `unsafe`,
    what may change the meaning is a fix too.
    """
    if unsafe:
        diagnostics = with_unsafe(diagnostics)
    agreed = _agreed(diagnostics, plans, unsafe)
    edits: dict[str, list[Edit]] = {}
    for diagnostic in diagnostics:
        if (edit := diagnostic.fix) and (diagnostic.rule, identity(edit)) in agreed:
            edits.setdefault(edit.entry.source.name, []).append(edit)
    located = {
        identity(edit): edit
        for name, wanted in edits.items()
        if name in documents
        for edit in possible(documents[name], wanted)
    }

    def fix(rule: str, edit: Edit) -> Edit | None:
        return located.get(identity(edit)) if (rule, identity(edit)) in agreed else None

    return [found._replace(fix=fix(found.rule, found.fix)) if found.fix else found for found in diagnostics]


def with_unsafe(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """With the unsafe fixes of errors and warnings that have no other: nobody asked for advice to be followed."""
    return [
        found._replace(fix=found.unsafe) if not found.fix and found.severity is not Severity.INFO else found
        for found in diagnostics
    ]


def _agreed(diagnostics: Iterable[Diagnostic], plans: Iterable[Plan], unsafe: bool) -> set[_Agreed]:
    """The rules and edits that are found in every plan that holds the entry: a base file, or a section that
    targets share, can be right for one release and wrong for another."""
    wanted: dict[Span, set[_Agreed]] = {}
    # The form of a file is the same in every plan.
    of_form = {
        (found.rule, identity(found.fix)) for found in diagnostics if found.fix and found.rule.startswith("schema/")
    }
    for found in diagnostics:
        if found.fix and not found.rule.startswith("schema/"):
            wanted.setdefault(found.fix.entry, set()).add((found.rule, identity(found.fix)))
    refused: set[_Agreed] = set()
    for plan in plans:
        held = {setting.key for setting in plan.spec.settings.values()} & wanted.keys()
        asked = {pair for span in held for pair in wanted[span]}
        if asked:
            refused |= asked - _found(plan, {rule for rule, _ in asked}, unsafe)
    return ({pair for pairs in wanted.values() for pair in pairs} - refused) | of_form


def _found(plan: Plan, names: set[str], unsafe: bool) -> set[_Agreed]:
    """The fixes that some rules find in a plan."""
    diagnostics, _ = lint(plan, [rule for rule in rules.for_plan(plan) if not names.isdisjoint(rule.names)])
    diagnostics = with_unsafe(diagnostics) if unsafe else diagnostics
    return {(found.rule, identity(found.fix)) for found in diagnostics if found.fix}
