"""Comments that ignore a rule, and what is wrong with them."""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

from configlint.core.diagnostic import NOT_IGNORABLE, Diagnostic, Severity
from configlint.core.document import Mapping, Node, Scalar, Sequence, last_line
from configlint.core.edit import Edit, Patch
from configlint.core.record import NamedTuple
from configlint.core.regex import regex
from configlint.core.selecting import Renamed
from configlint.core.source import Span
from configlint.core.typing import Protocol
from configlint.core.wording import Suggestions, listing

# A piece of a text: from a line and column to another, which is exclusive.
_Range = tuple[tuple[int, int], tuple[int, int]]

_COMMENT = regex(r"#\s*configlint:\s*ignore\b(?:\[([^\]]*)\])?")


class Ignore(NamedTuple):
    """A comment that ignores `rules` from the first line to the last."""

    rules: tuple[str, ...]
    span: Span
    first_line: int
    last_line: int


class Names(Protocol):
    """The names of rules, as the package `rules` knows them."""

    RENAMED: Renamed

    def is_name(self, name: str) -> bool: ...
    def rule_names(self) -> frozenset[str]: ...


class Ignored:
    """The lines that comments ignore a rule on. To look one up takes no longer where there are thousands."""

    def __init__(self, comments: Iterable[Ignore], renamed: Renamed) -> None:
        ranges: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for ignore in comments:
            for written in ignore.rules:
                for name in renamed.get(written, (written,)):
                    key = ignore.span.source.name, name
                    ranges.setdefault(key, []).append((ignore.first_line, ignore.last_line))
        # By file and rule: where the ranges start, and the last line of all that start up to there.
        self._ranges = {
            key: ([first for first, _ in found], list(accumulate((last for _, last in found), max)))
            for key, found in ((key, sorted(found)) for key, found in ranges.items())
        }

    def covers(self, diagnostic: Diagnostic) -> bool:
        return any(self._has(name, diagnostic.span) for name in _names(diagnostic))

    def _has(self, name: str, span: Span) -> bool:
        firsts, lasts = self._ranges.get((span.source.name, name), ((), ()))
        index = bisect(firsts, span.line)
        return index > 0 and span.line <= lasts[index - 1]


def _names(diagnostic: Diagnostic) -> tuple[str, ...]:
    """Those by which it can be ignored: of a row also that of its table."""
    return (diagnostic.rule, diagnostic.table) if diagnostic.table else (diagnostic.rule,)


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


# The lines of findings, in order: by the file and a name that ignores them, then by the rule.
_Lines = dict[tuple[str, str], dict[str, list[int]]]


def unused(
    found: Iterable[Ignore], diagnostics: list[Diagnostic], rules: Names, mends: bool = True
) -> Iterator[Diagnostic]:
    """What is wrong with the ignore comments themselves; if it `mends`, with the removal of the unused ones."""
    lines = _lines(diagnostics)
    near = Suggestions()
    for ignore in found:
        if not ignore.rules:
            message = "an ignore comment must name the rules that it ignores"
            yield _about(ignore, "nameless", message, "write `# configlint: ignore[batch/not-power-of-two] reason`")
        for name in ignore.rules:
            if name.startswith(NOT_IGNORABLE):
                yield _about(ignore, "not-ignorable", f"`{name}` cannot be ignored")
            elif name.startswith("ignore/"):
                continue
            elif ignored := _rules_between(lines, ignore, rules.RENAMED.get(name, (name,))):
                yield from _renamed(ignore, name, ignored, is_split=name not in rules.RENAMED)
            elif name in rules.RENAMED or rules.is_name(name):
                is_only = len(ignore.rules) == 1
                help = "remove the comment" if is_only else f"remove `{name}` from the comment"
                about = _about(ignore, "unused", f"`{name}` finds nothing here", help)
                yield about._replace(fix=_removal(ignore.span) if is_only and mends else None)
            else:
                close = near(name, rules.rule_names())
                yield _about(
                    ignore,
                    "unknown-rule",
                    f"the rule `{name}` is unknown",
                    f"did you mean `{close}`?" if close else None,
                )


def _removal(comment: Span) -> Edit | None:
    """The comment goes, with its line where it is alone there; not with another comment behind it."""
    lines = comment.source.lines()
    line, number = lines[comment.line - 1], comment.line
    before, after = line[: comment.column - 1].rstrip(), line[comment.end_column - 1 :]
    if "#" in after:
        return None
    place = Span(comment.source, number, len(before) + 1, number, len(line) + 1)
    if not before and number < len(lines):
        place = Span(comment.source, number, 1, number + 1, 1)
    return Edit(comment, delete=True, patches=(Patch(place, ""),))


def _lines(diagnostics: list[Diagnostic]) -> _Lines:
    lines: _Lines = {}
    for diagnostic in sorted(diagnostics, key=lambda diagnostic: diagnostic.span.line):
        for name in _names(diagnostic):
            of_name = lines.setdefault((diagnostic.span.source.name, name), {})
            of_name.setdefault(diagnostic.rule, []).append(diagnostic.span.line)
    return lines


def _renamed(ignore: Ignore, name: str, ignored: list[str], is_split: bool) -> Iterator[Diagnostic]:
    """That a comment ignores rules under the name that they had."""
    if ignored == [name]:
        return
    new = listing(f"`{rule}`" for rule in ignored)
    message = f"`{name}` was split; here it ignores {new}" if is_split else f"`{name}` was renamed to {new}"
    yield _about(ignore, "renamed", message, f"write `{', '.join(ignored)}` instead", Severity.INFO)


def _rules_between(lines: _Lines, ignore: Ignore, names: tuple[str, ...]) -> list[str]:
    """The rules with a finding that is covered under one of these names, by name."""
    return sorted(
        rule
        for name in names
        for rule, numbers in lines.get((ignore.span.source.name, name), {}).items()
        if _any_between(numbers, ignore)
    )


def _any_between(lines: list[int], ignore: Ignore) -> bool:
    """Whether one of the lines, in order, is covered."""
    index = bisect_left(lines, ignore.first_line)
    return index < len(lines) and lines[index] <= ignore.last_line


def _about(
    ignore: Ignore, defect: str, message: str, help: str | None = None, severity: Severity = Severity.WARNING
) -> Diagnostic:
    return Diagnostic(f"ignore/{defect}", severity, message, ignore.span, help)


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
