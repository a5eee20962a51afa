"""Fixes in rounds: a check, the edits that are sure, and again, all in memory; what comes out is written once,
or shown.

The files of a run overlay each other: an entry that goes can bring back another, and one that gets another
name can reach a spec that had its own under the old one. So each plan is compared with what it was, and where
it changed in more than its own findings, what did that is not fixed.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from configlint.core.edit import Edit, identity
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.source import Span
from configlint.core.spec import Sections, as_written
from configlint.fixing.edits import fixed
from configlint.fixing.sure import sure
from configlint.host.read import reason
from configlint.host.rewrite import finish, mark_of, rewrite
from configlint.pipeline import Report, check
from configlint.reporters.diff import unified
from configlint.session import Parsed, Session

# One fix can make the next possible; two that undo each other must end.
_ROUNDS = 10
# So often it is looked for which fix reaches too far; then none of the rest is made.
_ATTEMPTS = 5

_PlanName = tuple[str, str | None]
_Entry = tuple[str, str]  # a file and a path


class Mended(NamedTuple):
    """What there was to find, what is left of it, the texts of the files that change, before and after, and
    how many findings each change ends."""

    before: Report
    after: Report
    session: Session
    texts: dict[str, tuple[str, str]]
    counts: Counter[str]


class _Step(NamedTuple):
    """An entry that was changed: the path that it had and the one that it has, None where it is gone, in the
    plans that it was part of."""

    file: str
    path: str
    new_path: str | None
    plans: frozenset[_PlanName]


def mend(report: Report, paths: Sequence[str], session: Session, target: str | None) -> Mended:
    """What a check found, fixed as far as it can be, in memory."""
    refused: set[_Entry] = set()
    for attempt in count(1):
        mended, steps = _in_rounds(_fixable(report, refused), paths, session, target, refused)
        guilty = _overreaching(mended, steps)
        if not guilty:
            break
        refused |= {(step.file, step.path) for step in (steps if attempt == _ATTEMPTS else guilty)}
    return mended


def resumed(report: Report, paths: Sequence[str], session: Session, target: str | None) -> tuple[Report, Session]:
    """A report and its session, after what a fix that was killed left half done is finished."""
    if not finish(session.editable(paths)):
        return report, session
    session = session.again()
    return check(paths, session, target), session


def settled(report: Report, paths: Sequence[str], session: Session, target: str | None) -> Report:
    """A report with the fixes only that `mend` would make: where several layers make a plan, it has to be tried."""
    if not any(_has_layers(file) for file in session.parsed.values()):
        return report
    return mend(report, paths, session, target).before


def _has_layers(file: Parsed) -> bool:
    """Whether a file makes several plans, or one with others."""
    return not file.root.keys.isdisjoint(("extends", "targets"))


def write(mended: Mended, paths: Sequence[str], target: str | None) -> Report:
    """Write the files that change, and report what is left; of one that cannot be written, it is said why."""
    texts = dict(mended.texts)
    problems = {}
    for name, other in _other_names(mended).items():
        if texts.pop(name, None):
            problems[name] = OSError(f"it is the same file as {other}, but the fixes differ")
    problems |= rewrite(texts)
    counts = Counter({name: number for name, number in mended.counts.items() if name not in problems})
    report = mended.after
    if problems:
        report = check(paths, mended.session.again(), target)
    lines = [f"{name} was not fixed: {reason(error)}" for name, error in problems.items()]
    return report._replace(fixed=counts.total(), unreadable=[*report.unreadable, *lines])


def diff(mended: Mended) -> Iterator[str]:
    """The lines of a unified diff of what `write` would do, as `patch` and `git apply` read it."""
    for name, (before, after) in mended.texts.items():
        mark = mark_of(name, before)
        yield from unified(mark + before, mark + after, name, name)


def hidden(report: Report, session: Session, paths: Sequence[str]) -> int:
    """How many more fixes there are that may change the meaning."""
    left = [found for found in report.diagnostics if not found.fix]
    if session.unsafe_fixes or not any(found.unsafe for found in left):
        return 0
    every = sure(left, report.loaded, session.editable(paths), unsafe=True)
    return sum(found.fix is not None for found in every)


def _in_rounds(
    first: Report, paths: Sequence[str], session: Session, target: str | None, refused: set[_Entry]
) -> tuple[Mended, list[_Step]]:
    report, start = first, session
    steps: list[_Step] = []
    counts: Counter[str] = Counter()
    names: dict[str, None] = {}
    for _ in range(_ROUNDS):
        texts, made = _round(report, session)
        if not texts:
            break
        names |= dict.fromkeys(texts)
        steps += _steps(report.loaded, made)
        done = {identity(edit) for edit in made}
        fixes = [found.fix for found in report.diagnostics if found.fix]
        counts.update(edit.entry.source.name for edit in fixes if identity(edit) in done)
        session = session.edited(texts)
        report = _fixable(check(paths, session, target), refused)
    both = {name: (start.parsed[name].source.stored, session.parsed[name].source.stored) for name in names}
    changed = {name: texts for name, texts in both.items() if texts[0] != texts[1]}
    counts = Counter({name: counts[name] for name in changed})
    return Mended(first, report, session, changed, counts), steps


def _round(report: Report, session: Session) -> tuple[dict[str, str], list[Edit]]:
    """The texts of the files that change, and the edits that are in them."""
    wanted: dict[str, list[Edit]] = {}
    for found in report.diagnostics:
        if found.fix:
            wanted.setdefault(found.fix.entry.source.name, []).append(found.fix)
    texts: dict[str, str] = {}
    made: list[Edit] = []
    for name, edits in wanted.items():
        document = session.parsed[name].document
        result = fixed(document, edits) if document else None
        if result and result.edits:
            texts[name] = result.text
            made += result.edits
    return texts, made


def _fixable(report: Report, refused: set[_Entry]) -> Report:
    """The report without the fixes of entries that are to stay as they are."""
    if not refused:
        return report
    spans = {
        setting.key
        for plan in report.loaded
        for path, setting in as_written(plan.spec.settings).items()
        if (setting.key.source.name, path) in refused
    }
    return report._replace(
        diagnostics=[
            found._replace(fix=None) if found.fix and found.fix.entry in spans else found
            for found in report.diagnostics
        ]
    )


def _steps(plans: Iterable[Plan], made: Iterable[Edit]) -> Iterator[_Step]:
    edits = {edit.entry: edit for edit in made}
    held: dict[tuple[Span, str], set[_PlanName]] = {}
    for plan in plans:
        for path, setting in as_written(plan.spec.settings).items():
            if setting.key in edits:
                held.setdefault((setting.key, path), set()).add(_name(plan))
    for (span, path), names in held.items():
        edit = edits[span]
        section = path[: path.rfind(".") + 1]
        beside = path if edit.key is None else section + edit.key
        new_path = None if edit.delete else ".".join(edit.route) or beside
        yield _Step(span.source.name, path, new_path, frozenset(names))


def _overreaching(mended: Mended, steps: list[_Step]) -> list[_Step]:
    """The steps that reached a plan in another place than their own; all, where it is not clear which did."""
    after = {_name(plan): plan for plan in mended.after.loaded}
    own: dict[_PlanName, list[_Step]] = {}
    for step in steps:
        for name in step.plans:
            own.setdefault(name, []).append(step)
    changed = _Related(path for step in steps for path in _paths(step))
    wrong: set[str] = set()
    for plan in mended.before.loaded if steps else ():
        name = _name(plan)
        found = _wrong_paths(_values(plan), _values(after.get(name)), own.get(name, []))
        if found and not any(path in changed for path in found):
            return steps
        wrong |= found
    about = _Related(wrong)
    return [step for step in steps if any(path in about for path in _paths(step))]


def _wrong_paths(before: dict[str, str], after: dict[str, str], steps: list[_Step]) -> set[str]:
    """The paths of a plan that changed without a step, or are there though a step took them away."""
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    state: dict[str, bool] = {}  # of each path that was changed, whether it is to be there
    for step in steps:
        state[step.path] = False
        if step.new_path is not None:
            state[step.new_path] = True
    touched, gone = Sections(state), Sections(path for path, there in state.items() if not there)
    return {path for path in changed if path not in touched} | {path for path in after if path in gone}


def _paths(step: _Step) -> list[str]:
    return [step.path] if step.new_path is None else [step.path, step.new_path]


class _Related:
    """Some paths, and what is in them or holds one of them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._places = sorted(f"{path}." for path in paths)
        self._sections = Sections(place[:-1] for place in self._places)

    def __contains__(self, path: str) -> bool:
        index = bisect_left(self._places, f"{path}.")
        holds_one = index < len(self._places) and self._places[index].startswith(f"{path}.")
        return holds_one or path in self._sections


def _values(plan: Plan | None) -> dict[str, str]:
    settings = as_written(plan.spec.settings) if plan else {}
    return {path: repr(setting.value) for path, setting in settings.items() if not setting.mapping}


def _name(plan: Plan) -> _PlanName:
    return plan.spec.source.name, plan.spec.target or str(plan.spec.number)


def _other_names(mended: Mended) -> dict[str, str]:
    """Of the files that change, those that the run knows by another name too, under which the file is to be another
    text; with that name."""
    parsed = mended.session.parsed
    by_place: dict[str, list[str]] = {}
    for name in parsed if mended.texts else ():
        by_place.setdefault(os.path.realpath(name), []).append(name)
    names = [each for each in by_place.values() if len({parsed[name].source.text for name in each}) > 1]
    return {
        name: next(other for other in same if parsed[other].source.text != parsed[name].source.text)
        for same in names
        for name in same
    }
