"""The program in reading order: plans to findings, plans to files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial

from configlint import knowledge, rules
from configlint.core.diagnostic import NOT_IGNORABLE, Diagnostic, Severity
from configlint.core.errors import UsageError
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.release import Version, written
from configlint.core.remedy import Meant
from configlint.core.source import Span, start_of
from configlint.core.spec import Setting, as_meant
from configlint.core.typing import TYPE_CHECKING
from configlint.frontends import OWN
from configlint.lint import RuleCrash, crash, lint
from configlint.session import Loaded, Session, files_of, load_one, one, selected, specs
from configlint.solver import solve

if TYPE_CHECKING:
    from configlint.core.artifact import Artifact
    from configlint.core.ignoring import Ignore
    from configlint.verify import Made


# Plans of a file for which it is looked what follows from a misspelt word: each is solved again.
_MOST_GUESSED = 50
# Fewer files are checked before other processes would have begun.
_MANY = 200


class Report(NamedTuple):
    """What `check` found: diagnostics in order, what it looked at, and what went wrong on the way.

    `specs` counts the `files`, `foreign` those of them that are not configlint's own specs, and `fixed` findings
    that are there no more, as their fixes were made; `known` are in the baseline. `loaded` are the plans of all
    targets, whichever was asked for, that were kept.
    """

    diagnostics: list[Diagnostic]
    specs: int
    plans: int
    suppressed: int
    unreadable: list[str]
    crashes: list[RuleCrash]
    fixed: int = 0
    loaded: tuple[Plan, ...] = ()
    foreign: int = 0
    files: tuple[str, ...] = ()
    known: int = 0


def check(paths: Sequence[str], session: Session, target: str | None = None, keeps_plans: bool = True) -> Report:
    """Lint files and folders; `keeps_plans` is false where of a clean file nothing is needed any more."""
    found: dict[_Key, Diagnostic] = {}
    linted: set[str] = set()
    unreadable: list[str] = []
    crashes: list[RuleCrash] = []
    every: list[Plan] = []
    named = list(files_of(paths, session))
    # Of many files most are clean: other processes find these, and only the rest is looked at here.
    clean = {} if keeps_plans or len(named) < _MANY else _clean(named, session, target)
    session.forgotten |= clean.keys()
    is_foreign = {name: foreign for name, (_, foreign) in clean.items()}
    number = sum(plans for plans, _ in clean.values())
    for file, front_end in specs([each for each in named if each[0] not in clean], session, unreadable):
        is_foreign[file.source.name] = front_end not in (None, OWN)
        try:
            loaded = session.load(file, front_end)
        except UsageError:
            raise
        except Exception as error:  # the other files are still checked
            crashes.append(crash(f"reading {file.source.name} failed", error))
            continue
        chosen, diagnostics, failed = _judged(loaded, target)
        number += len(chosen)
        crashes += failed
        if keeps_plans or diagnostics or failed or not session.forget(file):
            every += loaded.plans
        for diagnostic in diagnostics:
            found.setdefault(_key(diagnostic), diagnostic)
        if chosen and target is None:
            linted.add(file.source.name)
    every += session.returned()
    files = [name for name, _ in named if name in is_foreign]
    if target is not None and files and not number:
        unreadable.append(f"no spec has a target {target}")
    everything = list(found.values())
    comments = comments_of(session)
    if own := [ignore for ignore in comments if ignore.span.source.name in linted]:
        from configlint.core.ignoring import unused

        # Beside what only the command line says, or a rule that failed, a comment may be of use in other runs.
        mends = not (session.assignments or session.stated or crashes)
        everything += unused(own, everything, rules, mends)
    kept, suppressed = without_ignored(list(chosen_of(everything, session)), comments)
    if any(found.fix or (session.unsafe_fixes and found.unsafe) for found in kept):
        from configlint.fixing.sure import sure  # hardly ever needed

        kept = sure(kept, every, session.editable(paths), session.unsafe_fixes)
    return Report(
        in_order(kept),
        len(files),
        number,
        suppressed,
        unreadable,
        crashes,
        0,
        tuple(every),
        sum(is_foreign.values()),
        tuple(files),
    )


def _clean(files: Sequence[tuple[str, bool]], session: Session, target: str | None) -> dict[str, tuple[int, bool]]:
    """The clean ones of many files that nothing else is needed of: how many plans each has, and whether it is
    another tool's."""
    from configlint.host import cores

    def look(file: tuple[str, bool]) -> tuple[int, bool] | None:
        unreadable: list[str] = []
        for parsed, front_end in specs([file], session, unreadable):
            plans, diagnostics, crashes = _judged(session.load(parsed, front_end), target)
            if not (diagnostics or crashes) and session.forget(parsed):
                return len(plans), front_end is not OWN
        return None

    # What the first one needs is loaded before this process is copied, and not in each copy.
    try:
        first = look(files[0])
    except Exception:
        first = None  # what is wrong is said when it is looked at again
    found = (first, *cores.answers(look, files[1:]))
    return {name: answer for (name, _), answer in zip(files, found, strict=True) if answer}


def _judged(loaded: Loaded, target: str | None) -> tuple[list[Plan], list[Diagnostic], list[RuleCrash]]:
    """The plans of a file for a target, all that is to be said of it, and the rules that crashed."""
    plans = [plan for plan in loaded.plans if target in (None, plan.spec.target)]
    diagnostics, crashes = judge(plans, loaded.diagnostics)
    return plans, [*loaded.diagnostics, *diagnostics], crashes


class Compiled(NamedTuple):
    """What `compile` made: a folder and its files for each plan, or, with an error among the
    diagnostics or a refusal, none. Of the folders `left_over` by earlier compilations no plan is any more."""

    plans: list[Plan]
    folders: dict[str, list[Artifact]]
    diagnostics: list[Diagnostic]
    crashes: list[RuleCrash]
    refusal: str | None = None
    left_over: tuple[str, ...] = ()


def compile_spec(path: str, session: Session, target: str | None, output: str | None) -> Compiled:
    """The files of a spec: those of one plan, or, for an output folder, of all, each target's in a folder
    of its own.

    Raises:
        UsageError: there is no such spec or target, or it is a base.
    """
    from configlint import backends

    loaded = load_one(path, session, own=True)
    if output is None:
        plans = [one(loaded.plans, target)] if loaded.plans else []
    else:
        plans = selected(loaded.plans, target)
    diagnostics, crashes = findings(loaded, plans, session)
    # What is written is right in spite of these: they are told, and stop nothing.
    diagnostics = [found._replace(severity=Severity.INFO) if found.compiled else found for found in diagnostics]
    if crashes or any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        return Compiled(plans, {}, diagnostics, crashes)
    folders: dict[str, list[Artifact]] = {}
    for plan in plans:
        if refusal := _untrainable(plan) or backends.unreadable(plan) or _secret(plan):
            name = f"target {plan.spec.target}: " if plan.spec.target else ""
            return Compiled(plans, {}, diagnostics, crashes, name + refusal)
        folder = os.path.normpath(os.path.join(output, plan.spec.target or "")) if output else "."
        folders[folder] = backends.emit(plan._replace(launch=plan.launch._replace(output=folder)))
    left_over: tuple[str, ...] = ()
    if output is not None and target is None:
        from configlint.host.write import made_of

        left_over = tuple(folder for folder in made_of(plans[0].spec.source.name, output) if folder not in folders)
    return Compiled(plans, folders, diagnostics, crashes, left_over=left_over)


def _untrainable(plan: Plan) -> str | None:
    """Why the batch that would be written is not the one that was asked for, where nothing else says so:
    a finding can be ignored, and of numbers beyond all sense no rule speaks."""
    batch = plan.batch
    if batch.per_device is None or batch.accumulation is None or batch.trained is None:
        return "the batch cannot be computed from this spec"
    if batch.effective not in (None, batch.trained):
        return f"{batch.effective} samples per step cannot be trained here: the nearest batch is {batch.trained}"
    return None


def _secret(plan: Plan) -> str | None:
    """That there is a secret, where its finding is ignored."""
    from configlint.core import secrets

    held = secrets.paths(plan.spec)
    return f"secrets are never compiled: remove the one in {held[0]}" if held else None


def findings(loaded: Loaded, plans: list[Plan], session: Session) -> tuple[list[Diagnostic], list[RuleCrash]]:
    """All that is to be said of some plans of one spec, in order; and the rules that crashed."""
    diagnostics, crashes = judge(plans, loaded.diagnostics)
    every = chosen_of([*loaded.diagnostics, *diagnostics], session)
    kept, _ = without_ignored(list(every), comments_of(session))
    return in_order(kept), crashes


def verified(compiled: Compiled, ask: bool) -> tuple[list[Diagnostic], list[str], bool]:
    """What the installed programs refuse of what was compiled for them; lines that say by what it was read and what
    could not be verified; and whether all of it was."""
    if not ask:
        return [], ["verified by configlint only"], False
    from configlint import verify

    folders = zip(compiled.plans, compiled.folders.values(), strict=True)
    verdicts = verify.verify([made(plan, artifacts) for plan, artifacts in folders])
    every = [verdict for group in verdicts for verdict in group]
    diagnostics = [found for verdict in every for found in verdict.diagnostics]
    complete = not any(verdict.unverified for verdict in every)
    return diagnostics, verify.lines(compiled.plans, verdicts), complete


def made(plan: Plan, artifacts: list[Artifact]) -> Made:
    """What was made of a plan, as it is verified."""
    from configlint.backends import launch, mesh
    from configlint.verify import Made

    texts = {artifact.name: artifact.text for artifact in artifacts}
    return Made(plan, texts, partial(launch.commands, plan), mesh.environment(plan))


def judge(plans: list[Plan], form: Sequence[Diagnostic] = ()) -> tuple[list[Diagnostic], list[RuleCrash]]:
    """What the rules say of the plans of one spec, of which something may be said of its form; what is the same in
    several is said once."""
    merged: dict[_Key, Diagnostic] = {}
    found_in: dict[_Key, list[str]] = {}
    crashes: list[RuleCrash] = []
    for plan in plans:
        diagnostics, failed = _said_of(plan)
        crashes += failed
        slips = [found.meant for found in (*form, *diagnostics) if found.meant]
        if slips and len(plans) <= _MOST_GUESSED:
            diagnostics = _without_what_follows(plan, diagnostics, slips)
        for diagnostic in diagnostics:
            key = _key(diagnostic)
            merged.setdefault(key, diagnostic)
            found_in.setdefault(key, []).extend(diagnostic.targets)
    number = sum(bool(plan.spec.target) for plan in plans)
    return [_labelled(diagnostic, found_in[key], number) for key, diagnostic in merged.items()], crashes


def _said_of(plan: Plan) -> tuple[list[Diagnostic], list[RuleCrash]]:
    diagnostics, crashes = lint(plan, rules.for_plan(plan))
    return doubted(plan, diagnostics) if plan.spec.assumed else diagnostics, crashes


def _without_what_follows(plan: Plan, found: list[Diagnostic], slips: list[tuple[Meant, ...]]) -> list[Diagnostic]:
    """What was found, without what only follows from words that are misspelt: what would not be said if they were
    right. What would be said only then is a guess."""
    sure = [meant for meant, *others in slips if not others]
    open_to_all = [meant for meant in slips if len(meant) > 1]
    if sure:
        right = _said_if(plan, sure)
        still = [each for each in right if _identity(each) in set(map(_identity, found))]
        found = [*(each for each in found if each.meant), *still]
    if len(open_to_all) == 1:  # with more of them, something else is wrong than one word
        for meant in open_to_all[0]:
            said = set(map(_identity, _said_if(plan, [*sure, meant])))
            found = [each for each in found if each.meant or _identity(each) in said]
    return found


def _said_if(plan: Plan, slips: list[Meant]) -> list[Diagnostic]:
    """What the rules would say if what is misspelt were right."""
    right = solve(as_meant(plan.spec, slips), knowledge)
    return _said_of(right._replace(reference=plan.reference, nearest=plan.nearest))[0]


def _identity(found: Diagnostic) -> tuple[str, str | None]:
    return found.rule, found.path


# What is said where nobody knows the release that runs the job.
_MILDER = {Severity.ERROR: Severity.WARNING, Severity.WARNING: Severity.INFO, Severity.INFO: Severity.INFO}


def doubted(plan: Plan, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """What is found in a plan for a release that is only assumed: milder, and without a fix, where some other
    release would not have it."""
    assumed = plan.release.transformers
    # The oldest first: it is the likeliest to have no such mistake.
    others = [version for version in plan.release.known["transformers"] if version != assumed]
    by_name = {rule.name: rule for rule in rules.for_plan(plan)}

    @cache
    def judged_by(version: Version) -> Plan:
        place = start_of(plan.spec.source)
        release = Setting(written(version), (), place, place)
        return solve(plan.spec._replace(settings={**plan.spec.settings, "transformers": release}), knowledge)

    @cache
    def found_by(rule: str, version: Version) -> set[tuple[str, str | None, Span]]:
        found, _ = lint(judged_by(version), [by_name[rule]])
        return {(each.rule, each.path, each.span) for each in found}

    def is_certain(found: Diagnostic) -> bool:
        key = found.rule, found.path, found.span
        return all(key in found_by(found.table or found.rule, version) for version in others)

    return [
        found
        if is_certain(found)
        else found._replace(
            severity=_MILDER[found.severity],
            message=f"{found.message} (assuming transformers {written(assumed)})",
            fix=None,
            unsafe=None,
        )
        for found in diagnostics
    ]


def _labelled(diagnostic: Diagnostic, found_in: list[str], number: int) -> Diagnostic:
    """With the targets that it was found in, of so many that there are; what the bare spec has too is that of no
    target, unless it is that of all."""
    targets = tuple(target for target in found_in if target)
    everywhere = number > 1 and len(targets) == number
    bare = len(targets) < len(found_in)
    return diagnostic._replace(targets=() if bare and not everywhere else targets, all_targets=everywhere)


def chosen_of(diagnostics: Iterable[Diagnostic], session: Session) -> Iterator[Diagnostic]:
    """The findings that are selected, by the settings of their files and the command line."""
    for found in diagnostics:
        selection = session.projects.selection(found.span.source.name)
        if judged := selection.judged(found, rules.RENAMED):
            yield judged


def comments_of(session: Session) -> list[Ignore]:
    """The ignore comments of all files that were read, bases too; none where they are not to hold."""
    if session.options.no_ignores:
        return []
    documents = [
        file.document for file in session.parsed.values() if file.document and "ignore" in file.source.text
    ]
    if not documents:
        return []
    from configlint.core.ignoring import ignores  # half a millisecond, for those who have some

    return [ignore for document in documents for ignore in ignores(document)]


def without_ignored(diagnostics: list[Diagnostic], comments: list[Ignore]) -> tuple[list[Diagnostic], int]:
    """The diagnostics that no comment ignores, and how many one does."""
    if not comments:
        return diagnostics, 0
    from configlint.core.ignoring import Ignored

    ignored = Ignored(comments, rules.RENAMED)
    kept = [
        diagnostic
        for diagnostic in diagnostics
        if diagnostic.rule.startswith(NOT_IGNORABLE) or not ignored.covers(diagnostic)
    ]
    return kept, len(diagnostics) - len(kept)


def in_order(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """By file and line, errors first where several are on one line; advice after all else."""
    return sorted(diagnostics, key=_order)


def _order(diagnostic: Diagnostic) -> tuple[bool, str, int, int, _Key]:
    span, severity = diagnostic.span, diagnostic.severity
    weight = list(Severity).index(severity)
    return severity is Severity.INFO, span.source.name, span.line, weight, _key(diagnostic)


_Key = tuple[str, int, int, str, str, str, str]


def _key(diagnostic: Diagnostic) -> _Key:
    """Place, words and weight: what has the same is the same finding."""
    span, words = diagnostic.span, (diagnostic.message, diagnostic.help or "")
    return span.source.name, span.line, span.column, diagnostic.rule, *words, diagnostic.severity.value
