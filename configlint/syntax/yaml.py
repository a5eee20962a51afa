"""YAML or JSON text to a located document, in one pass over libyaml's events.

The limits hold while the events come in: PyYAML's own loaders crash the process on deep
nesting, and what is built on them never ends on a few hundred bytes of nested aliases.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.document import Entry, Mapping, Node, Scalar, Sequence
from configlint.core.source import Source, Span, start_of
from configlint.core.typing import Any
from configlint.core.wording import in_a_line
from configlint.syntax.libyaml import (
    AliasEvent,
    CParser,
    MappingEndEvent,
    MappingStartEvent,
    ReaderError,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
    YAMLError,
)
from configlint.syntax.scalars import resolve

# Aliases count as what they stand for.
MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 100
MAX_NODES = 100_000

_TOO_NESTED = f"the file is nested deeper than the limit of {MAX_DEPTH} levels"
# Characters of a user's text that a sentence repeats.
_LONGEST = 60

_CORE = "tag:yaml.org,2002:"
_COLON = "write a colon and a space after the key"
# libyaml's words for what people get wrong most, and what to do.
_REMEDIES = {
    "found character that cannot start any token": "quote the text that starts here",
    "mapping values are not allowed in this context": "quote the text if it contains `: `, or fix the indentation",
    "did not find expected key": "indent this like the keys above it",
    "could not find expected ':'": _COLON,
    "found unexpected end of stream": "close the quote",
    "did not find expected ',' or '}'": "close the brace, or write a comma between the entries",
    "did not find expected ',' or ']'": "close the bracket, or write a comma between the items",
    "found invalid Unicode character escape code": "write the character itself",
}
_UNCLOSED = frozenset(problem for problem, remedy in _REMEDIES.items() if remedy.startswith("close the"))
# A newer libyaml reads ahead, and has a limit of its own: we would stop it at ours.
_TOO_DEEP = "exceeded maximum nesting depth"


class _Stop(Exception):
    """Reading cannot go on; the diagnostic says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


def read(source: Source, text: str | None = None) -> tuple[Node | None, list[Diagnostic]]:
    """The document and what is wrong with it; None where there is none, or no reading it.

    `text` is what to read where that is not all of the source, with the same lines and columns.
    """
    text = source.text if text is None else text
    if len(text) > MAX_CHARACTERS:
        message = f"the file has {len(text):,} characters, more than the limit of {MAX_CHARACTERS:,}"
        return None, [_diagnostic("too-large", message, start_of(source))]
    if source.name.endswith(".json") or text.lstrip()[:1] == "{":
        # JSON may indent with tabs, which YAML forbids; a space keeps the columns.
        text = text.replace("\t", " ")
    try:
        reader = _Reader(source, text)
    except UnicodeEncodeError as error:
        # A lone surrogate: an argument of the command line can hold one.
        return None, [_not_allowed(source, error.start, ord(text[error.start]))]
    try:
        return reader.document(), reader.diagnostics
    except _Stop as stop:
        return None, [*reader.diagnostics, stop.diagnostic]
    except YAMLError as error:
        return None, [*reader.diagnostics, _not_yaml(source, text, error)]


class _Reader:
    def __init__(self, source: Source, text: str) -> None:
        self.source = source
        *before, last = source.lines()
        self.end = len(before) + 1, len(last) + 1
        self.diagnostics: list[Diagnostic] = []
        self.anchors: dict[str, tuple[Node, int, int, int]] = {}  # with the values, levels and characters in it
        self.open_anchors: set[str] = set()
        self.nodes = 0
        self.deepest = 0
        self.characters = 0
        # libyaml's events; the stubs know less of them than there is.
        self.next: Callable[[], Any] = CParser(text).get_event

    def document(self) -> Node | None:
        self.next()  # the stream starts
        if isinstance(self.next(), StreamEndEvent):
            return None
        root = self.node(self.next(), 0)
        self.next()  # the document ends
        another = self.next()
        if not isinstance(another, StreamEndEvent):
            message = "the file must contain one document; a second one starts here"
            self.report("multiple-documents", message, another, "move it to a file of its own")
        return root

    def node(self, event: Any, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self.alias(event, depth)
        self.nodes += 1
        if isinstance(event, ScalarEvent) and not event.anchor and self.nodes <= MAX_NODES:
            return self.scalar(event)  # nearly all nodes
        nodes, characters, deepest, self.deepest = self.nodes, self.characters, self.deepest, depth
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            message = (
                _TOO_NESTED if depth > MAX_DEPTH else f"the file has more than the limit of {MAX_NODES:,} values"
            )
            raise _Stop(self.diagnostic("too-large", message, event))
        if event.anchor:
            self.open_anchors.add(event.anchor)
        node: Node
        if isinstance(event, ScalarEvent):
            node = self.scalar(event)
        elif isinstance(event, MappingStartEvent):
            node = self.mapping(event, depth)
        else:
            node = self.sequence(event, depth)
        if event.anchor:
            self.open_anchors.discard(event.anchor)
            size = self.nodes - nodes + 1, self.deepest - depth, self.characters - characters
            self.anchors[event.anchor] = node, *size
        self.deepest = max(self.deepest, deepest)
        return node

    def alias(self, event: Any, depth: int) -> Node:
        if event.anchor in self.open_anchors:
            message = f"the alias `*{event.anchor}` refers to the value that contains it"
            raise _Stop(self.diagnostic("recursive-alias", message, event))
        if event.anchor not in self.anchors:
            message = f"the alias `*{event.anchor}` requires an anchor `&{event.anchor}` above it"
            raise _Stop(self.diagnostic("unknown-alias", message, event, "quote it if it is a string"))
        node, size, levels, characters = self.anchors[event.anchor]
        self.nodes += size
        self.deepest = max(self.deepest, depth + levels)
        self.characters += characters
        if limit := self.limit():
            raise _Stop(
                self.diagnostic("too-large", f"aliases expand the file to more than the limit of {limit}", event)
            )
        return node

    def limit(self) -> str | None:
        """The limit that aliases went over, if they did: what they repeat is copied into messages and files."""
        if self.nodes > MAX_NODES:
            return f"{MAX_NODES:,} values"
        if self.deepest > MAX_DEPTH:
            return f"{MAX_DEPTH} levels"
        return f"{MAX_CHARACTERS:,} characters" if self.characters > MAX_CHARACTERS else None

    def scalar(self, event: Any) -> Scalar:
        span = self.span(event)
        text: str = event.value
        self.characters += len(text)
        plain = event.style is None or event.style == ""
        tag = event.tag
        try:
            if tag is None or tag == "!":
                return Scalar(resolve(text) if plain and tag is None else text, text, not plain, span)
            if tag.startswith(_CORE) and (kind := tag[len(_CORE) :]) in _TYPES:
                value = text if kind == "str" else resolve(text)
                if isinstance(value, _TYPES[kind]):
                    return Scalar(float(value) if kind == "float" else value, text, not plain, span)  # type: ignore[arg-type]
                message = f"the tag `!!{kind}` requires {_NOUNS[kind]}, got {_short(text) or 'nothing'}"
                self.report("wrong-tag", message, event, "remove the tag")
            else:
                self.unknown_tag(event)
        except (ValueError, OverflowError):
            message = f"the number has {len(text):,} digits, more than can be read"
            self.report("too-large", message, event, "quote it if it is a string")
        return Scalar(text, text, True, span)

    def sequence(self, event: Any, depth: int) -> Sequence:
        if event.tag not in (None, "!", _CORE + "seq"):
            self.unknown_tag(event)
        items = []
        while not isinstance(child := self.next(), SequenceEndEvent):
            items.append(self.node(child, depth + 1))
        return Sequence(tuple(items), self.span(event, child))

    def mapping(self, event: Any, depth: int) -> Mapping:
        if event.tag not in (None, "!", _CORE + "map"):
            self.unknown_tag(event)
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        while not isinstance(child := self.next(), MappingEndEvent):
            key = self.node(child, depth + 1)
            value = self.node(self.next(), depth + 1)
            if not isinstance(key, Scalar):
                kind = "a mapping" if isinstance(key, Mapping) else "a list"
                self.report("key", f"a key must be a string, got {kind}", child, "quote it if it is a string")
            elif key.raw == "<<" and not key.quoted:
                self.merge(value, merged, child)
            else:
                # The last one wins, as with PyYAML; taken out before, so that entries are in the order of the text.
                if first := entries.pop(key.raw, None):
                    self.duplicate(first, value, child)
                entries[key.raw] = Entry(key, value)
        # What stands in the mapping itself wins over what is merged in, wherever `<<` stands.
        return Mapping({**merged, **entries}, self.span(event, child))

    def duplicate(self, first: Entry, value: Node, event: Any) -> None:
        """A key that is given again: no more than untidy where its value is the same."""
        name, line = _short(first.key.raw), first.key.span.line
        if _is_same(first.value, value):
            message = f"`{name}` is set twice to the same value, first at line {line}"
            found = self.diagnostic("duplicate-key", message, event, "remove one of them")
            self.diagnostics.append(found._replace(severity=Severity.WARNING))
        else:
            message = f"`{name}` is set twice to different values, first at line {line}"
            help = "remove one of them: YAML parsers silently use the last"
            self.report("duplicate-key", message, event, help)

    def merge(self, value: Node, merged: dict[str, Entry], event: Any) -> None:
        """Take in `<<: *base` or `<<: [*one, *other]`, of which the first wins."""
        for base in value.items if isinstance(value, Sequence) else (value,):
            if not isinstance(base, Mapping):
                self.report("merge", "`<<` requires a mapping or a list of mappings", event)
                return
            for key, entry in base.entries.items():
                merged.setdefault(key, entry)

    def unknown_tag(self, event: Any) -> None:
        tag = _short(event.tag.replace(_CORE, "!!", 1))
        self.report("unknown-tag", f"the tag `{tag}` is unknown", event, "remove it")

    def report(self, defect: str, message: str, event: Any, help: str | None = None) -> None:
        self.diagnostics.append(self.diagnostic(defect, message, event, help))

    def diagnostic(self, defect: str, message: str, event: Any, help: str | None = None) -> Diagnostic:
        return _diagnostic(defect, message, self.span(event), help)

    def span(self, event: Any, end: Any = None) -> Span:
        start, stop = event.start_mark, (end or event).end_mark
        span = Span(self.source, start.line + 1, start.column + 1, stop.line + 1, stop.column + 1)
        # What the end of the text ends, libyaml ends on a line after it.
        return (
            span
            if stop.line < self.end[0] - 1
            else Span(self.source, *min(span[1:3], self.end), *min(span[3:], self.end))
        )


_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
}
_NOUNS = {"int": "an integer", "float": "a number", "bool": "true or false", "null": "null"}


def _is_same(one: Node, other: Node) -> bool:
    """Whether two nodes are the same value, in whatever order their keys stand."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.entries.keys() == other.entries.keys() and all(
            _is_same(entry.value, other.entries[key].value) for key, entry in one.entries.items()
        )
    if isinstance(one, Sequence) and isinstance(other, Sequence):
        return len(one.items) == len(other.items) and all(map(_is_same, one.items, other.items))
    # By what they are written as too: 1 is no true, and not-a-number not equal to itself.
    return (
        isinstance(one, Scalar)
        and isinstance(other, Scalar)
        and type(one.value) is type(other.value)
        and (one.value == other.value or one.raw == other.raw)
    )


def _short(text: str) -> str:
    """A user's text as part of a sentence."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _diagnostic(defect: str, message: str, span: Span, help: str | None = None) -> Diagnostic:
    return Diagnostic(f"syntax/{defect}", Severity.ERROR, in_a_line(message), span, help)


def _not_allowed(source: Source, index: int, character: int) -> Diagnostic:
    before = Source("", source.text[:index]).lines()
    span = Span(source, len(before), len(before[-1]) + 1, len(before), len(before[-1]) + 2)
    return _diagnostic("character", f"the character U+{character:04X} is not allowed in YAML", span)


def _not_yaml(source: Source, text: str, error: YAMLError) -> Diagnostic:
    """What libyaml said, at its place, in words that help."""
    if isinstance(error, ReaderError):
        before = text.encode()[: error.position]  # libyaml counts bytes
        return _not_allowed(source, len(before.decode()), error.character)
    problem = str(getattr(error, "problem", None) or error)
    mark = getattr(error, "problem_mark", None)
    if problem in _UNCLOSED:
        # Where the text ran out says little; where it was opened is the place to mend.
        mark = getattr(error, "context_mark", None) or mark
    if problem == "could not find expected ':'":
        mark = getattr(error, "context_mark", None) or mark  # the key that has none, on a line before
    lines = source.lines()
    end = len(lines) - 1, len(lines[-1])
    line, column = min((mark.line, mark.column), end) if mark else (0, 0)
    span = Span(source, line + 1, column + 1, line + 1, column + 2)
    if problem.startswith(_TOO_DEEP):
        return _diagnostic("too-large", _TOO_NESTED, span)
    if "\t" in lines[line][: column + 1].lstrip(" ")[:1]:
        return _diagnostic(
            "tab", "the line is indented with a tab; YAML requires spaces", span, "write spaces instead"
        )
    if problem.startswith("mapping values") and (key := _without_colon(source, lines, line, column)):
        return _diagnostic("invalid", "invalid YAML: the key has no colon", key, _COLON)
    return _diagnostic("invalid", f"invalid YAML: {problem}", span, _REMEDIES.get(problem))


def _without_colon(source: Source, lines: list[str], line: int, column: int) -> Span | None:
    """The key without a colon that makes libyaml stop at the colon after it: on the same line before a brace, or on
    the line above, which then runs on into this one."""
    if match := re.match(r" *([\w-]+) *[{[]", lines[line][:column]):
        return Span(source, line + 1, match.start(1) + 1, line + 1, match.end(1) + 1)
    above = next((number for number in range(line - 1, -1, -1) if lines[number].strip()), line)
    match = re.fullmatch(r"( *)([\w-]+)(?!:(?: |$))(?:(?!: ).)*(?<!:)", lines[above].partition(" #")[0].rstrip())
    indent = len(lines[line]) - len(lines[line].lstrip(" "))
    if above == line or match is None or len(match[1]) != indent:
        return None
    return Span(source, above + 1, match.start(2) + 1, above + 1, match.end(2) + 1)
