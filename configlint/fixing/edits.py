"""Edits of a user's text: an entry gets another key or value or goes, and every comment and space stays.

What comes out is read again and held against what was meant: an edit that would do anything else, or that
cannot be made in a simple way, is given up.
"""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator

from configlint.core.document import Entry, Mapping, Node, Scalar, Sequence, last_line, plain
from configlint.core.edit import KEPT, Edit, Patch, identity
from configlint.core.record import NamedTuple
from configlint.core.regex import regex
from configlint.core.source import Source, Span, is_code
from configlint.core.writing import written
from configlint.syntax import read
from configlint.syntax.scalars import resolve

_ANCHOR = regex(r"&[^\s,\[\]{}]+[ \t]+")
_PROPERTIES = regex(r"(?:[&!]\S*\s+)*")
_INDENTATION = regex(r"[ \t]*")
_BLANKS = " \t\r\n\x85\u2028\u2029"
_BLANK = regex(f"[{_BLANKS}]*")
_REST_OF_LINE = regex(r"[ \t]*(?:\r\n|[\r\n\x85\u2028\u2029])")
_IGNORE = regex(r"#\s*configlint:\s*ignore\b")

# Where edits cannot be made together, the text is read again for a part of them, and for a part of that: so many
# characters in all, or so many times all of a long text. What is not tried is not fixed.
_MOST_CHARACTERS = 2_000_000
_MOST_TIMES = 16

_Change = tuple[int, int, str]  # from, to (exclusive), and what is to stand there


class Fixed(NamedTuple):
    """A text after the edits that could be made."""

    text: str
    edits: list[Edit]


class _GivenUp(Exception):
    """There is no simple way to make an edit."""


def fixed(document: Node, edits: Iterable[Edit]) -> Fixed:
    """The text of a document after as many of the edits as can be made together."""
    if is_code(document.span.source):
        from configlint.fixing import calls

        return Fixed(*calls.fixed(document, edits))
    made = _Trial(document).most(_located(document, edits), [])
    return Fixed(_patched(document.span.source, made) or document.span.source.text, made)


def possible(document: Node, edits: Iterable[Edit]) -> list[Edit]:
    """The edits that can be made, if only each by itself, with what they do to the text."""
    if is_code(document.span.source):
        from configlint.fixing import calls

        return calls.possible(document, edits)
    located, trial = _located(document, edits), _Trial(document)
    together = {identity(edit) for edit in trial.most(located, [])}
    return [edit for edit in located if identity(edit) in together or trial.is_as_meant([edit])]


class _Trial:
    """Makes edits and reads what comes out, as often as it is worth."""

    def __init__(self, document: Node) -> None:
        self.document = document
        self.left = max(_MOST_CHARACTERS, _MOST_TIMES * len(document.span.source.text))

    def most(self, edits: list[Edit], made: list[Edit]) -> list[Edit]:
        """Those of `edits` that can be made beside the ones that are made."""
        if not edits or self.is_as_meant([*made, *edits]):
            return [*made, *edits]
        if len(edits) == 1 or self.left < 0:
            return made
        half = len(edits) // 2
        return self.most(edits[half:], self.most(edits[:half], made))

    def is_as_meant(self, edits: list[Edit]) -> bool:
        """Whether the edits do something, together, and nothing but what they are meant to; not, where it is not
        tried any more."""
        self.left -= len(self.document.span.source.text)
        return self.left >= 0 and _is_as_meant(self.document, edits)


def _located(document: Node, edits: Iterable[Edit]) -> list[Edit]:
    """The edits with what they do to the text, each once, without those that there is no way to make."""
    source = document.span.source
    starts = source.line_starts()
    places: dict[Span, list[tuple[Mapping, Entry]]] = {}
    for mapping, entry in _entries(document):
        places.setdefault(entry.key.span, []).append((mapping, entry))
    located = []
    for edit in {identity(edit): edit for edit in edits}.values():
        # What stands in the document more than once, through an alias or `<<`, may be meant only once.
        found = places.get(edit.entry, [])
        if not found and edit.patches:  # a comment, which is no entry
            located.append(edit)
        if len(found) != 1:
            continue
        try:
            place = _Place(source, starts, *found[0])
            changes = list(_changes(place, edit))
            if edit.route:
                changes += _insertion(document, place, edit)
        except (_GivenUp, ValueError):
            continue
        patches = [Patch(_span(source, starts, start, end), text) for start, end, text in changes]
        located.append(edit._replace(patches=tuple(patches)))
    return located


def _entries(node: Node) -> Iterator[tuple[Mapping, Entry]]:
    if isinstance(node, Mapping):
        for entry in node.entries.values():
            yield node, entry
            yield from _entries(entry.value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _entries(item)


class _Place:
    """An entry and where in the text its key and its value are."""

    def __init__(self, source: Source, starts: list[int], mapping: Mapping, entry: Entry) -> None:
        self.name, self.text, self.starts = source.name, source.text, starts
        self.mapping, self.entry = mapping, entry
        self.key, self.key_end = _range(starts, entry.key.span)
        self.value, self.value_end = _range(starts, entry.value.span)
        start, _ = _range(starts, mapping.span)
        self.flow = self.text.startswith("{", self.after(_PROPERTIES, start))
        self.json = source.name.endswith(".json") or (self.flow and self.text.startswith('"', self.key))
        key = entry.key.span
        # An alias has the place of what it stands for.
        if self.text[self.key : self.key + 1] in "&!" or key.line != key.end_line or self.value < self.key_end:
            raise _GivenUp

    def after(self, pattern: re.Pattern[str], start: int) -> int:
        match = pattern.match(self.text, start)
        return match.end() if match else start

    def line(self, number: int) -> str:
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end]

    def value_text(self) -> str:
        return self.text[self.value : self.value_end]

    def line_comment(self) -> str:
        """What stands behind the value on its line: nothing in a flow mapping, where others may."""
        rest = (
            "" if self.flow else self.line(self.entry.value.span.end_line)[self.entry.value.span.end_column - 1 :]
        )
        return rest.rstrip()

    def line_start(self) -> int:
        """Where the line starts, if only blanks are before the key, otherwise where the key does."""
        start = self.starts[self.entry.key.span.line - 1]
        return start if self.after(_INDENTATION, start) >= self.key else self.key


def _range(starts: list[int], span: Span) -> tuple[int, int]:
    return starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1


def _span(source: Source, starts: list[int], start: int, end: int) -> Span:
    line, end_line = bisect(starts, start), bisect(starts, end)
    return Span(source, line, start - starts[line - 1] + 1, end_line, end - starts[end_line - 1] + 1)


def _changes(place: _Place, edit: Edit) -> Iterator[_Change]:
    """Raises:
    _GivenUp: there is no simple way.
    """
    if edit.route and not place.flow and len(place.mapping.entries) == 1:
        yield _emptied(place, edit)
        return
    if edit.delete or edit.route:
        start, end = _flow_deletion(place) if place.flow else _block_deletion(place)
        _refuse_comment(place, start, _end_of_loss(place, edit) if edit.route and not place.flow else end)
        yield start, end, ""
        return
    if edit.key is not None:
        quote = place.text[place.key] if place.entry.key.quoted else ""
        yield place.key, place.key_end, written(edit.key, '"' if place.json else quote)
    if edit.value is not KEPT:
        yield _replacement(place, edit.value)


def _end_of_loss(place: _Place, edit: Edit) -> int:
    """How far a comment would be lost where an entry moves: what is in it and behind it goes with it."""
    is_whole = edit.value is KEPT and place.entry.value.span.line > place.entry.key.span.line
    return place.key_end if is_whole else place.value_end


def _replacement(place: _Place, value: object) -> _Change:
    node = place.entry.value
    start, end = place.value, place.value_end
    if start == end:  # of a key alone, the value is nothing
        before = place.text[place.key_end : start].rstrip(" \t")
        if not before.endswith(":"):
            raise _GivenUp
        blank = "" if place.text[start - 1].isspace() else " "
        return start, end, blank + written(value, '"' if place.json else "")
    start = place.after(_ANCHOR, start)
    first = place.text[start]
    opens = "'\"" if isinstance(node, Scalar) and node.quoted else "" if isinstance(node, Scalar) else "{["
    # Tags, block scalars, and what has a line for each of its items.
    if node.span.line != node.span.end_line or first in "&!" or (opens and first not in opens):
        raise _GivenUp
    if isinstance(node, Scalar) and node.quoted and _is_text_of(node.raw, value, place.json):
        return start, end, node.raw
    return start, end, written(value, '"' if place.json else first if first in "'\"" else "")


def _is_text_of(raw: str, value: object, as_json: bool) -> bool:
    """Whether a text is a number, true or false, and only the quotes around it are too much."""
    try:
        return not isinstance(value, str) and _same_value(json.loads(raw) if as_json else resolve(raw), value)
    except (ValueError, RecursionError):
        return False


def _emptied(place: _Place, edit: Edit) -> _Change:
    """What is left of a section whose only entry moves."""
    last = last_line(place.entry.value)
    start = len(place.text[: place.key].rstrip(_BLANKS))
    end = place.starts[last - 1] + len(place.line(last).rstrip(_BLANKS))
    if place.text[start - 1 : start] != ":":
        raise _GivenUp
    _refuse_comment(place, start, _end_of_loss(place, edit))
    return start, end, " {}"


def _block_deletion(place: _Place) -> tuple[int, int]:
    """The lines of an entry."""
    node = place.entry.value
    start = place.line_start()
    first = place.entry.key.span.line
    last = last_line(node)
    if not isinstance(node, Scalar) and place.text[place.value] in "{[":
        last = max(last, node.span.end_line)
    if start != place.starts[first - 1] or len(place.mapping.entries) == 1:
        raise _GivenUp
    while last > first and not place.line(last).strip():
        last -= 1  # blank lines belong to what follows
    if last < len(place.starts):
        return start, place.starts[last]
    # Without a line break at the end of the file, the one before goes.
    return len(place.text[:start].rstrip("\r\n\x85\u2028\u2029")), len(place.text)


def _flow_deletion(place: _Place) -> tuple[int, int]:
    """An entry and the comma that belongs to it."""
    text, start, end = place.text, place.key, place.value_end
    before = start  # behind `{` or a comma
    while text[before - 1] in _BLANKS:
        before -= 1
    after = place.after(_BLANK, end)
    if text[before - 1] not in "{," or text[after] not in "},":
        raise _GivenUp
    if text[after] == "}":
        return (before - 1, end) if text[before - 1] == "," else (before, after)
    follows = place.after(_BLANK, after + 1)
    if text[follows] == "}":
        return before, after + 1  # the comma before becomes the last one
    line_end = place.after(_REST_OF_LINE, after + 1)
    if line_end > after + 1 and place.line_start() != start:
        return place.line_start(), line_end
    if text[follows] == "#":
        raise _GivenUp
    return start, follows  # what follows takes its place


def _insertion(document: Node, place: _Place, edit: Edit) -> Iterator[_Change]:
    """An entry as the last of its new section, with the sections that are not there yet.

    Raises:
    _GivenUp: there is no simple way.
    """
    node, depth, route = document, 0, edit.route
    while isinstance(node, Mapping) and depth < len(route) - 1 and route[depth] in node.entries:
        node, depth = node.entries[route[depth]].value, depth + 1
    if not isinstance(node, Mapping) or not node.entries:
        raise _GivenUp
    first, last = _ends(node)
    target = _Place(Source(place.name, place.text), place.starts, node, first)
    keys = [written(key, '"' if target.json else "") for key in route[depth:]]
    if target.flow:
        _, end = _range(place.starts, last.value.span)
        between = f",\n{' ' * (first.key.span.column - 1)}" if first.key.span.line > node.span.line else ", "
        above = "".join(f"{key}: {{" for key in keys[:-1])
        value = _one_line(place, edit, target.json)
        yield end, end, f"{between}{above}{keys[-1]}: {value}{'}' * (len(keys) - 1)}"
        yield from _comment_beside(place, target)
        return
    indents = [first.key.span.column - 1 + 2 * number for number in range(len(keys))]
    lines = [f"{' ' * indent}{key}:" for indent, key in zip(indents, keys, strict=True)]
    text = "\n".join(lines) + _below(place, edit, indents[-1])
    line = last_line(Mapping({"": last}, node.span))
    if line < len(place.starts):
        yield place.starts[line], place.starts[line], text
    else:
        yield len(place.text), len(place.text), "\n" + text[:-1]


def _one_line(place: _Place, edit: Edit, as_json: bool) -> str:
    """Raises:
    _GivenUp: the value has several lines.
    """
    if edit.value is not KEPT:
        return written(edit.value, '"' if as_json else "")
    if place.entry.value.span.line != place.entry.value.span.end_line:
        raise _GivenUp
    return place.value_text()


def _below(place: _Place, edit: Edit, indent: int) -> str:
    """What stands behind a key: the value with its comment, the lines of a mapping indented as the key is."""
    node, key = place.entry.value, place.entry.key.span
    if isinstance(node, Scalar) or edit.value is not KEPT or node.span.line == key.line:
        return f" {_one_line(place, edit, as_json=False)}{place.line_comment()}\n"
    lines = [place.line(number) for number in range(key.line + 1, last_line(node) + 1)]
    here = key.column - 1
    if any(line[:here].strip() for line in lines):
        raise _GivenUp
    shifted = [" " * indent + line[here:] if line.strip() else line for line in lines]
    rest = place.line(key.line)[key.end_column - 1 :].partition(":")[2]
    return "".join([rest, *shifted]).rstrip("\n") + "\n"


def _comment_beside(place: _Place, target: _Place) -> Iterator[_Change]:
    """The comment of a line at the end of the one that its value moves to.

    Raises:
    _GivenUp: one of them is about more than the value.
    """
    if comment := place.line_comment().strip():
        line = target.line(target.mapping.span.end_line).rstrip()
        if _IGNORE.search(comment) or _IGNORE.search(line):
            raise _GivenUp
        end = target.starts[target.mapping.span.end_line - 1] + len(line)
        yield end, end, f"  {comment}"


def _ends(mapping: Mapping) -> tuple[Entry, Entry]:
    entries = list(mapping.entries.values())
    return entries[0], entries[-1]


def _refuse_comment(place: _Place, start: int, end: int) -> None:
    """Give up where a comment would be deleted, or one that ignores a rule would come to stand above another
    key."""
    text, starts, span = place.text, place.starts, place.entry.key.span
    one_line = span.line == place.entry.value.span.end_line
    # On one line, a `#` before the end of the value is part of it.
    if "#" in text[start : place.key] or "#" in text[place.value_end if one_line else place.key_end : end]:
        raise _GivenUp
    if place.line_start() != starts[span.line - 1]:
        return
    for number in range(span.line - 1, 0, -1):
        line = place.line(number).strip()
        if line and not line.startswith("#"):
            return
        if _IGNORE.search(line):
            raise _GivenUp


def _patched(source: Source, edits: Iterable[Edit]) -> str | None:
    """The text after the edits; None where two of them are about the same piece."""
    starts = source.line_starts()
    changes = [(*_range(starts, patch.span), patch.text) for edit in edits for patch in edit.patches]
    pieces: list[str] = []
    done = 0
    # What is inserted at one place stays in the order of the edits.
    for start, end, text in sorted(changes, key=lambda change: change[:2]):
        if start < done:
            return None
        pieces += [source.text[done:start], text]
        done = end
    return "".join(pieces) + source.text[done:]


def _is_as_meant(document: Node, edits: list[Edit]) -> bool:
    """Whether the edits do something, together, and nothing but what they are meant to."""
    source = document.span.source
    by_place = {edit.entry: edit for edit in edits}
    text = _patched(source, edits)
    if text is None or text == source.text or len(by_place) < len(edits):
        return False
    after, problems = read(Source(source.name, text))
    meant = _with_moves(document, edits)
    return after is not None and not problems and _same(meant, after, by_place.get)


def _with_moves(document: Node, edits: Iterable[Edit]) -> Node:
    """The document with the entries that move at the ends of their new sections."""
    places = {entry.key.span: entry for _, entry in _entries(document)}
    for edit in edits:
        if edit.route and isinstance(document, Mapping):
            entry = places[edit.entry]
            if edit.value is not KEPT:
                quote = '"' if document.span.source.name.endswith(".json") else ""
                value, _ = read(Source("", written(edit.value, quote)))
                entry = entry._replace(value=value or entry.value)
            document = _put(_without(document, edit.entry), edit.route, entry)
    return document


def _without(mapping: Mapping, place: Span) -> Mapping:
    kept = {name: entry for name, entry in mapping.entries.items() if entry.key.span != place}
    return Mapping(
        {
            name: entry._replace(value=_without(entry.value, place)) if isinstance(entry.value, Mapping) else entry
            for name, entry in kept.items()
        },
        mapping.span,
    )


def _put(mapping: Mapping, route: tuple[str, ...], moved: Entry) -> Mapping:
    name, *rest = route
    nowhere = mapping.span
    is_quoted = any(entry.key.quoted for entry in mapping.entries.values()) if mapping.entries else moved.key.quoted
    entry = mapping.entries.get(name) or Entry(Scalar(name, name, is_quoted, nowhere), Mapping({}, nowhere))
    value = moved.value
    if rest:
        held = entry.value if isinstance(entry.value, Mapping) else Mapping({}, nowhere)
        value = _put(held, tuple(rest), moved)
    return Mapping({**mapping.entries, name: entry._replace(value=value)}, nowhere)


def _same(before: Node, after: Node, edit_at: Callable[[Span], Edit | None]) -> bool:
    """Whether a document is what the edits are meant to make of another, in the same order."""
    if isinstance(before, Scalar):
        return isinstance(after, Scalar) and _as_written(before) == _as_written(after)
    if isinstance(before, Sequence):
        return (
            isinstance(after, Sequence)
            and len(before.items) == len(after.items)
            and all(_same(*pair, edit_at) for pair in zip(before.items, after.items, strict=True))
        )
    kept = [(entry, edit_at(entry.key.span)) for entry in before.entries.values()]
    kept = [(entry, edit) for entry, edit in kept if not (edit and edit.delete)]
    return (
        isinstance(after, Mapping)
        and len(kept) == len(after.entries)
        and all(
            _same_entry(entry, new, edit, edit_at)
            for (entry, edit), new in zip(kept, after.entries.values(), strict=True)
        )
    )


def _same_entry(before: Entry, after: Entry, edit: Edit | None, edit_at: Callable[[Span], Edit | None]) -> bool:
    renamed = edit is not None and edit.key is not None
    if not (after.key.value == edit.key if edit and renamed else _as_written(before.key) == _as_written(after.key)):
        return False
    if edit and edit.value is not KEPT:
        return _same_value(plain(after.value), edit.value)
    return _same(before.value, after.value, edit_at)


def _as_written(scalar: Scalar) -> tuple[str, bool, type]:
    # A tag changes the type and nothing else; and not-a-number is not equal to itself.
    return scalar.raw, scalar.quoted, type(scalar.value)


def _same_value(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return [*one] == [*other] and all(_same_value(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same_value, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))
