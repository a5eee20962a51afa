"""Findings to diagnostics: the one place that turns a path into file, line and column; and the
comments that ignore them."""

from __future__ import annotations

import re
from bisect import bisect, bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from configlint.core.diagnostic import Diagnostic, Related, Severity
from configlint.core.document import Mapping, Node, Scalar, Sequence, last_line
from configlint.core.edit import KEPT, Edit
from configlint.core.plan import Plan, causes
from configlint.core.remedy import Drop, Move, Put, Remedy, Say
from configlint.core.rule import Finding, Rule
from configlint.core.source import Span, start_of
from configlint.core.wording import Suggestions
from configlint.core.writing import written

# Characters of a message. The longest of our own have some hundreds.
_LONGEST = 1000
# What has no rule of its own and must be mended.
NOT_IGNORABLE = ("syntax/", "schema/", "verify/")

# A piece of a text: from a line and column to another, which is exclusive.
_Range = tuple[tuple[int, int], tuple[int, int]]

_COMMENT = re.compile(r"#\s*configlint:\s*ignore\b(?:\[([^\]]*)\])?")


class RuleCrash(Exception):
    """A rule failed on a plan, or what comes before the rules on a file: a fault of ours, the cause
    is chained."""


def crash(what: str, error: Exception) -> RuleCrash:
    """A fault to be told of at the end, while the rest goes on."""
    fault = RuleCrash(f"{what}: {error!r}")
    fault.__cause__ = error
    return fault


def lint(plan: Plan, rules: Iterable[Rule]) -> tuple[list[Diagnostic], list[RuleCrash]]:
    """What the rules find in a plan, each at its place; and the rules that crashed."""
    diagnostics: list[Diagnostic] = []
    crashes: list[RuleCrash] = []
    for rule in rules:
        try:
            diagnostics += [_locate(plan, rule, finding) for finding in rule.check(plan)]
        except Exception as error:
            crashes.append(crash(f"rule {rule.name} failed on {plan.spec.source.name}", error))
    return diagnostics, crashes


def _readable(sentence: str) -> str:
    """A sentence as far as somebody would read it: what it repeats of a user's text can have any length."""
    return sentence if len(sentence) <= _LONGEST else sentence[:_LONGEST] + "…"


def _locate(plan: Plan, rule: Rule, finding: Finding) -> Diagnostic:
    span = _span(plan, finding.path, finding.on_key)
    related = [Related(message, _span(plan, path)) for path, message in finding.related]
    help = _help(plan, finding)
    return Diagnostic(
        rule.name,
        finding.severity or rule.severity,
        _readable(finding.message),
        span,
        _readable(help) if help else None,
        finding.path,
        tuple(other for other in related if other.span != span),
        (plan.spec.target or "",),
        fix=_edit(plan, finding),
        compiled=finding.compiled,
    )


def _edit(plan: Plan, finding: Finding) -> Edit | None:
    """What the first safe remedy does to an entry that is there; None where there is none such."""
    if finding.fix is not None:
        change = finding.fix
        setting = plan.spec.settings.get(change.path)
        return Edit(setting.key, *change[1:]) if setting else None
    for remedy in () if isinstance(finding.remedies, str) else finding.remedies or ():
        if isinstance(remedy, Put | Drop | Move) and remedy.safe:
            return _edit_of(plan, remedy)
    return None


def _edit_of(plan: Plan, remedy: Put | Drop | Move) -> Edit | None:
    setting = plan.spec.settings.get(remedy.path)
    if setting is None:
        return None
    if isinstance(remedy, Put):
        return Edit(setting.key, value=remedy.value)
    if isinstance(remedy, Drop):
        return Edit(setting.key, delete=True)
    route = _route(plan, remedy.to)
    if route is None or route[:-1] != setting.keys[:-1]:
        return None  # it would have to be written in another section
    return Edit(setting.key, route[-1] if route != setting.keys else None, remedy.value)


def _help(plan: Plan, finding: Finding) -> str | None:
    """The remedies as far as they can be said in the dialect of the file; None where there are none."""
    if finding.help or isinstance(finding.remedies, str):
        return finding.help or str(finding.remedies)
    spelled = [words for remedy in finding.remedies or () if (words := _spelled(plan, finding.path, remedy))]
    if any(": " in words.rpartition("`")[2] or " and " in words for words in spelled[:-1]):
        return "; or ".join(spelled)
    return _joined(spelled, " or ") or None


def _joined(acts: list[str], between: str) -> str:
    """Several acts; of some that are all to write something, one `write` is enough."""
    if all(act.startswith("write `") for act in acts):
        acts[1:] = [act.removeprefix("write ") for act in acts[1:]]
    return between.join(acts)


def _spelled(plan: Plan, at: str, remedy: Remedy) -> str | None:
    """What to do, where it is said of the setting at a path; None where the dialect cannot say it."""
    if isinstance(remedy, Say):
        return remedy.text if plan.can_say(*remedy.needs) else None
    if isinstance(remedy, Put | Drop | Move):
        act = _act(plan, at, remedy)
        return f"{act}: {remedy.why}" if act and remedy.why else act
    acts = [act for each in remedy if (act := _spelled(plan, at, each))]
    return _joined(acts, " and ") if len(acts) == len(remedy) else None


def _act(plan: Plan, at: str, remedy: Put | Drop | Move) -> str | None:
    if isinstance(remedy, Drop):
        return "remove it" if remedy.path == at else f"remove `{plan.name(remedy.path)}`"
    if isinstance(remedy, Put):
        return _write(plan, at, remedy.path, remedy.value)
    route, setting = _route(plan, remedy.to), plan.spec.settings.get(remedy.path)
    if route is None or setting is None:
        return None
    if remedy.value is not KEPT or not (setting.mapping or isinstance(setting.value, list | dict)):
        value = setting.value if remedy.value is KEPT else remedy.value
        if route[:-1] == setting.keys[:-1]:
            return _write(plan, at, remedy.to, value)
    what = "it" if remedy.path == at else f"`{plan.name(remedy.path)}`"
    if route[:-1] == setting.keys[:-1]:
        return f"rename {what} to `{route[-1]}`"
    return f"move {what} to `{'.'.join(route)}`"


def _write(plan: Plan, at: str, path: str, value: object) -> str | None:
    """`write `x: 1``, and in which section where that is not the one of the finding."""
    route, here = _route(plan, path), _route(plan, at)
    if route is None:
        return None
    *section, key = route
    quote = '"' if plan.spec.source.name.endswith(".json") else ""
    entry = f"{written(key, quote) if quote else key}: {written(value, quote)}"
    is_beside = here is not None and here[:-1] == route[:-1] and at in plan.spec.settings
    if is_beside or (not section and len(here or ()) < 2):
        return f"write `{entry}`"
    if not section:
        return f"write `{entry}` at the root"
    # A section that is not there yet has to be written too.
    for number in range(len(section), 0, -1):
        name = ".".join(section[:number])
        if name in plan.spec.settings:
            return f"write `{entry}` in `{name}`"
        entry = f"{section[number - 1]}: {{{entry}}}"
    return f"write `{entry}`"


def _route(plan: Plan, path: str) -> tuple[str, ...] | None:
    """The keys down to a path: as they are written, or as the dialect has them."""
    setting = plan.spec.settings.get(path)
    return setting.keys if setting else plan.spec.dialect.route(path)


def _span(plan: Plan, path: str, on_key: bool = False) -> Span:
    """Where a value stands; for a derived one, the first line that it goes back to."""
    settings = causes(plan, path)
    setting = settings[0] if settings else plan.spec.place(path)
    if setting is None:
        return start_of(plan.spec.source)
    # A section's own span runs to the next token; its key is what a reader looks for.
    return setting.key if on_key or setting.mapping or setting.span.end_line > setting.span.line else setting.span


class Ignore(NamedTuple):
    """A comment that ignores `rules` from the first line to the last."""

    rules: tuple[str, ...]
    span: Span
    first_line: int
    last_line: int


class Ignored:
    """The lines that comments ignore a rule on. To look one up takes no longer where there are thousands."""

    def __init__(self, comments: Iterable[Ignore]) -> None:
        ranges: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for ignore in comments:
            for name in ignore.rules:
                key = ignore.span.source.name, name
                ranges.setdefault(key, []).append((ignore.first_line, ignore.last_line))
        # By file and rule: where the ranges start, and the last line of all that start up to there.
        self._ranges = {
            key: ([first for first, _ in found], list(accumulate((last for _, last in found), max)))
            for key, found in ((key, sorted(found)) for key, found in ranges.items())
        }

    def covers(self, diagnostic: Diagnostic) -> bool:
        span = diagnostic.span
        firsts, lasts = self._ranges.get((span.source.name, diagnostic.rule), ((), ()))
        index = bisect(firsts, span.line)
        return index > 0 and span.line <= lasts[index - 1]


def ignores(document: Node) -> list[Ignore]:
    """The comments `# configlint: ignore[rule] reason` of a document.

    At the end of a line they hold for that line; alone on a line, for the key below and all it holds.
    """
    source = document.span.source
    if "ignore" not in source.text:
        return []
    lines = source.lines()
    texts = _texts(document, lines)
    ends: dict[int, int] = {}
    _note_ends(document, ends)
    starts = sorted(ends)
    found = []
    for number, line in enumerate(lines, 1):
        match = _COMMENT.search(line)
        if match is None or _is_in(texts, (number, match.start() + 1)):
            continue
        span = Span(source, number, match.start() + 1, number, match.end() + 1)
        names = tuple(name.strip() for name in (match[1] or "").split(",") if name.strip())
        last = number
        if not line[: match.start()].strip():
            below = bisect(starts, number)
            last = ends[starts[below]] if below < len(starts) else number
        found.append(Ignore(names, span, number, last))
    return found


def _texts(document: Node, lines: list[str]) -> list[_Range]:
    """Where the texts are that could be mistaken for a comment, in order: those with a `#`. None is in another."""
    found = {_text(scalar, lines) for scalar in _scalars(document) if "#" in scalar.raw}
    return sorted((start, end) for start, end in found if start < end)


def _is_in(texts: list[_Range], place: tuple[int, int]) -> bool:
    index = bisect(texts, place, key=lambda text: text[0])
    return index > 0 and place < texts[index - 1][1]


def _note_ends(node: Node, ends: dict[int, int]) -> int:
    """Note for each line with a key the last line of what its keys hold; gives the last line of the node itself."""
    if isinstance(node, Mapping) and node.entries:
        last = 0
        for key, value in node.entries.values():
            end = _note_ends(value, ends)
            ends[key.span.line] = max(end, ends.get(key.span.line, 0))
            last = max(end, last)
        return last
    if isinstance(node, Sequence) and node.items:
        return max([_note_ends(item, ends) for item in node.items])
    return last_line(node)


def unused(found: Iterable[Ignore], diagnostics: list[Diagnostic], known: frozenset[str]) -> Iterator[Diagnostic]:
    """What is wrong with the ignore comments themselves."""
    lines: dict[tuple[str, str], list[int]] = {}
    for diagnostic in sorted(diagnostics, key=lambda diagnostic: diagnostic.span.line):
        key = diagnostic.span.source.name, diagnostic.rule
        lines.setdefault(key, []).append(diagnostic.span.line)
    near = Suggestions()
    for ignore in found:
        if not ignore.rules:
            message = "an ignore comment names the rules that it ignores"
            yield _about(ignore, "nameless", message, "write `# configlint: ignore[batch/not-power-of-two] reason`")
        for name in ignore.rules:
            if name.startswith(NOT_IGNORABLE):
                yield _about(ignore, "not-ignorable", f"`{name}` cannot be ignored")
            elif name.startswith("ignore/"):
                continue
            elif name not in known:
                close = near(name, known)
                yield _about(
                    ignore,
                    "unknown-rule",
                    f"there is no rule `{name}`",
                    f"did you mean `{close}`?" if close else None,
                )
            elif not _any_between(lines.get((ignore.span.source.name, name), []), ignore):
                yield _about(ignore, "unused", f"`{name}` finds nothing here", "delete the comment")


def _any_between(lines: list[int], ignore: Ignore) -> bool:
    """Whether one of the lines, in order, is covered."""
    index = bisect_left(lines, ignore.first_line)
    return index < len(lines) and lines[index] <= ignore.last_line


def _about(ignore: Ignore, defect: str, message: str, help: str | None = None) -> Diagnostic:
    return Diagnostic(f"ignore/{defect}", Severity.WARNING, message, ignore.span, help)


def _text(scalar: Scalar, lines: list[str]) -> _Range:
    """Where the text of a key or a value starts and ends."""
    span = scalar.span
    # What stands behind the sign of a block scalar is not its text yet.
    block = lines[span.line - 1][span.column - 1 : span.column] in ("|", ">")
    start = (span.line + 1, 1) if block else (span.line, span.column)
    return start, (span.end_line, span.end_column)


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _scalars(item)
    else:
        for entry in node.entries.values():
            yield entry.key
            yield from _scalars(entry.value)
