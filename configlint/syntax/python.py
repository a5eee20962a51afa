"""Python to a located document: the calls of some functions, each a mapping of its keywords.

Nothing is imported or run. What stands there as a literal, or as a name that is bound once to one, is read; all
else is `AT_RUNTIME`. A function is known by where its name was imported from: many packages have a
`TrainingArguments`.

Source: docs.python.org/3.11, library/ast
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.document import Entry, Mapping, Node, Scalar, Sequence
from configlint.core.record import NamedTuple
from configlint.core.source import Source, Span
from configlint.core.values import AT_RUNTIME
from configlint.syntax.folding import texts, value
from configlint.syntax.names import Bound, Names, Scope

MAX_CHARACTERS = 1_000_000
# Arguments of a call: TrainingArguments has 114, and each that is unknown is compared with all of them.
_MOST_ARGUMENTS = 500
# Classes that derive from each other.
_MOST_CLASSES = 20
# Attributes of a name: who asks for so many does more with it than can be told.
_MOST_ASKED = 100
# What a call has that cannot be seen: `**options`.
OPEN = "**"
# Where a class of the file is called that derives from the function: its fields, under a word that no argument is.
DECLARED = "class"
# What is set afterwards of the call's result, `result.seed = 1`.
STORED = "="
# Which arguments are what another of the calls made: it stands there, or under a name that is bound once.
LINKED = "()"
# What is asked of the call's result, `result.half()`, by attribute; under no name, where others than the calls that
# are read get it.
ASKED = "."


def parse(text: str) -> ast.Module | None:
    """The syntax tree; None of what is not Python, or beyond the parser."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compile(text, "", "exec", flags, dont_inherit=True)  # type: ignore[no-any-return]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def read(
    source: Source, wanted: frozenset[str], beside: frozenset[str] = frozenset()
) -> tuple[Mapping | None, list[Diagnostic]]:
    """The calls of functions whose names, without what they are imported from, are wanted, and of those beside
    them; None where there are none that are wanted, or no reading the text."""
    # Where other signs end a line too, Python and people count lines in two ways.
    if len(source.text) > MAX_CHARACTERS or re.search("[\x85\u2028\u2029]", source.text):
        return None, []
    trees: list[ast.Module] = []
    for first_line, text in pieces(source):
        tree = parse(text)
        if tree is not None:
            ast.increment_lineno(tree, first_line - 1)
            trees.append(tree)
    reader = _Reader(source, trees)
    try:
        entries = dict(reader.entries(wanted | beside))
    except RecursionError:
        return None, []
    finally:
        reader.names.forget()
    if not any(name.partition("#")[0].rpartition(".")[2] in wanted for name in entries):
        return None, []
    lines = source.lines()
    whole = Span(source, 1, 1, len(lines), len(lines[-1]) + 1)
    return Mapping(entries, whole), reader.diagnostics


def pieces(source: Source) -> Iterator[tuple[int, str]]:
    """What is parsed by itself, and its first line: a file, or each cell of a notebook, as some may hold no
    Python."""
    if source.notebook is None:
        yield 1, source.text
        return
    from configlint.syntax.notebook import python_of

    lines = source.lines()
    starts = [cell.first_line for cell in source.notebook.cells]
    for start, end in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        yield start, python_of(lines[start - 1 : end - 1])


class _Call(NamedTuple):
    """A call of a wanted function, by the name that it gets, and the classes of this file that derive from it."""

    name: str
    call: ast.Call
    scope: Scope
    classes: list[Bound]


class _Reader:
    """The calls of a file as mappings."""

    def __init__(self, source: Source, trees: Iterable[ast.Module]) -> None:
        self.source, self.lines = source, source.lines()
        self.names = Names(trees)
        self.taken: dict[str, int] = {}  # how often wanted calls get a name
        self.diagnostics: list[Diagnostic] = []

    def entries(self, wanted: Collection[str]) -> Iterator[tuple[str, Entry]]:
        """The wanted calls in the order of the text, by their names with a number where there are several."""
        calls = list(self.wanted(wanted))
        names = {each.call: each.name for each in calls}
        links = {call: self.links(call, scope, names) for _, call, scope, _ in calls}
        passed_on = {made.raw for each in links.values() for _, made in each.values() if isinstance(made, Scalar)}
        for name, call, scope, classes in calls:
            self.diagnostics += self.given_twice(call)
            key = Scalar(name, name, False, self.span(call.func))
            arguments = dict(self.arguments(call, scope))
            beside = {
                DECLARED: self.fields(classes),
                STORED: self.stored(call),
                LINKED: links[call],
                ASKED: self.asked(call) if name in passed_on else {},
            }
            arguments |= {word: Entry(key, Mapping(held, key.span)) for word, held in beside.items() if held}
            yield name, Entry(key, Mapping(arguments, self.span(call)))

    def wanted(self, wanted: Collection[str]) -> Iterator[_Call]:
        counts: dict[str, int] = {}
        for call, scope in sorted(self.names.calls, key=lambda pair: (pair[0].lineno, pair[0].col_offset)):
            name, classes = self.target(call.func, scope)
            if name and name.rpartition(".")[2] in wanted and len(call.keywords) <= _MOST_ARGUMENTS:
                counts[name] = number = counts.get(name, 0) + 1
                yield _Call(f"{name}#{number}" if number > 1 else name, call, scope, classes)

    def links(self, call: ast.Call, scope: Scope, names: dict[ast.Call, str]) -> dict[str, Entry]:
        """The arguments that other calls made, and the names of those."""
        passed: list[tuple[str, ast.expr]] = [(str(number), each) for number, each in enumerate(call.args)]
        passed += [(keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg]
        found = {}
        for name, argument in passed:
            made = self.bound(argument.id, scope, call, names) if isinstance(argument, ast.Name) else argument
            if isinstance(made, ast.Call) and made in names:
                if isinstance(argument, ast.Name):
                    self.taken[argument.id] = self.taken.get(argument.id, 0) + 1
                key = Scalar(name, name, False, self.span(argument))
                found[name] = Entry(key, Scalar(names[made], names[made], False, key.span))
        return found

    def bound(self, name: str, scope: Scope, before: ast.Call, names: dict[ast.Call, str]) -> ast.expr | None:
        """What a name stands for where a call gets it: the only expression that it is bound to, or, of wanted calls
        that are made one after another, the last before."""
        if found := scope.expression(name):
            return found[0]
        every = scope.find(name)
        calls = [each.what for each in every if isinstance(each.what, ast.Call) and each.scope is scope]
        if len(calls) < len(every) or not all(each in names and each in self.names.straight for each in calls):
            return None
        earlier = [each for each in calls if _place(each) < _place(before)]
        return max(earlier, key=_place, default=None)

    def stored(self, call: ast.Call) -> dict[str, Entry]:
        """What is set afterwards, each where it was passed first."""
        passed = {keyword.arg: keyword for keyword in call.keywords}
        names = self.names.stored.get(self.names.results.get(call, ""), ())
        return {name: self.hidden(name, passed.get(name, call.func)) for name in names}

    def asked(self, call: ast.Call) -> dict[str, Entry]:
        result = self.names.results.get(call, "")
        attributes = self.names.asked.get(result, {})
        # To be passed on to wanted calls is what it was made for.
        is_shared = self.names.used.get(result, 0) > sum(attributes.values()) + self.taken.get(result, 1)
        return {
            name: self.hidden(name, call.func) for name in (*islice(attributes, _MOST_ASKED), *[""] * is_shared)
        }

    def given_twice(self, call: ast.Call) -> Iterator[Diagnostic]:
        seen: set[str] = set()
        for keyword in call.keywords:
            if keyword.arg in seen:
                message = f"`{keyword.arg}` is passed twice, so Python refuses to run the file"
                span = self.named(keyword, keyword.arg)
                yield Diagnostic("syntax/duplicate-key", Severity.ERROR, message, span, "remove one of them")
            seen |= {keyword.arg} if keyword.arg else set()

    def target(self, func: ast.expr, scope: Scope) -> tuple[str | None, list[Bound]]:
        """The function that is called, by package and name, and the classes of this file that derive from it, the
        outermost first; None where it was not imported."""
        classes: list[Bound] = []
        while len(classes) < _MOST_CLASSES:
            origin = scope.origin(func)
            if isinstance(origin, str):
                return _without_modules(origin), classes
            derived = origin.what if origin else None
            bases = derived.bases if isinstance(derived, ast.ClassDef) and not _has_own_form(derived) else []
            if origin is None or len(bases) != 1:
                break
            classes.append(origin)
            func, scope = bases[0], origin.scope
        return None, classes

    def fields(self, classes: list[Bound]) -> dict[str, Entry]:
        """The fields that classes of this file declare, with their defaults."""
        entries = {}
        for bound in reversed(classes):
            for statement in bound.what.body if isinstance(bound.what, ast.ClassDef) else ():
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    name = statement.target.id
                    key = Scalar(name, name, False, self.span(statement.target))
                    default = _default(statement.value)
                    node = self.node(default, bound.scope) if default else None
                    entries[name] = Entry(key, node or Scalar(AT_RUNTIME, "", False, key.span))
        return entries

    def arguments(self, call: ast.Call, scope: Scope) -> Iterator[tuple[str, Entry]]:
        """The keywords of a call, those of mappings that are unpacked too, and the positional ones by number."""
        for number, argument in enumerate(call.args):
            if isinstance(argument, ast.Starred):
                yield OPEN, self.hidden(OPEN, argument)
                break
            key = Scalar(number, str(number), False, self.span(argument))
            yield str(number), Entry(key, self.node(argument, scope))
        for keyword in call.keywords:
            if keyword.arg is None:
                yield from self.unpacked(keyword.value, scope)
            else:
                yield keyword.arg, self.passed(keyword, keyword.arg, keyword.value, scope)

    def passed(self, keyword: ast.AST, name: str, argument: ast.expr, scope: Scope) -> Entry:
        return Entry(Scalar(name, name, False, self.named(keyword, name)), self.node(argument, scope))

    def unpacked(self, options: ast.expr, scope: Scope) -> Iterator[tuple[str, Entry]]:
        """The entries of `**options`; that there are others, where they cannot be read."""
        # A mapping that is used elsewhere may be changed there.
        if isinstance(options, ast.Name) and not self.names.used.get(options.id):
            options, scope = scope.expression(options.id) or (options, scope)
        if isinstance(options, ast.Call) and _is_dict(options):
            yield from self.arguments(options, scope)
        elif isinstance(options, ast.Dict) and (keys := texts(options.keys)) is not None:
            for key, node, held in zip(keys, options.keys, options.values, strict=True):
                assert node is not None
                yield key, Entry(Scalar(key, key, True, self.span(node)), self.node(held, scope))
        else:
            yield OPEN, self.hidden(OPEN, options)

    def hidden(self, name: str, node: ast.AST) -> Entry:
        key = Scalar(name, name, False, self.named(node, name))
        return Entry(key, Scalar(AT_RUNTIME, "", False, self.span(node)))

    def node(self, expression: ast.expr, scope: Scope) -> Node:
        """A value at its place."""
        span = self.span(expression)
        if isinstance(expression, ast.List | ast.Tuple):
            return Sequence(tuple(self.node(item, scope) for item in expression.elts), span)
        if isinstance(expression, ast.Dict) and (keys := texts(expression.keys)) is not None:
            places = [self.span(key) for key in expression.keys if key]
            held = zip(keys, places, expression.values, strict=True)
            entries = {
                key: Entry(Scalar(key, key, True, place), self.node(each, scope)) for key, place, each in held
            }
            return Mapping(entries, span)
        return _node_of(value(expression, scope, self.names), self.raw(expression, scope, span), span)

    def raw(self, expression: ast.expr, scope: Scope, span: Span) -> str:
        """The text of an expression: of `torch.bfloat16` also under a name that is bound once, or from getattr."""
        found = scope.expression(expression.id) if isinstance(expression, ast.Name) else None
        meant = found[0] if found else expression
        if isinstance(meant, ast.Call) and isinstance(meant.func, ast.Name) and meant.func.id == "getattr":
            named = value(meant.args[1], scope, self.names) if len(meant.args) == 2 else None
            return f"{ast.unparse(meant.args[0])}.{named}" if isinstance(named, str) else ""
        return ast.unparse(meant) if isinstance(meant, ast.Attribute) and found else self.text(span)

    def text(self, span: Span) -> str:
        return (
            self.lines[span.line - 1][span.column - 1 : span.end_column - 1] if span.line == span.end_line else ""
        )

    def named(self, node: ast.AST, name: str) -> Span:
        """Where a keyword's name stands, or what there is instead."""
        span = self.span(node)
        return span._replace(end_line=span.line, end_column=span.column + len(name))

    def span(self, node: ast.AST) -> Span:
        line, end_line = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
        return Span(self.source, line, self._column(line, start), end_line, self._column(end_line, end))

    def _column(self, line: int, offset: int) -> int:
        """Python counts columns in bytes of UTF-8."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return (offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))) + 1


def _place(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _without_modules(origin: str) -> str:
    """`transformers.TrainingArguments`, or `transformers.AutoModel.from_pretrained`."""
    package, _, inner = origin.partition(".")
    *above, name = inner.split(".")
    held = above[-1:] if above and above[-1][:1].isupper() else []
    return ".".join([package, *held, name])


def _has_own_form(derived: ast.ClassDef) -> bool:
    """Whether a class says itself what it is called with."""
    return any(isinstance(each, ast.FunctionDef) and each.name in ("__init__", "__new__") for each in derived.body)


def _default(declared: ast.expr | None) -> ast.expr | None:
    """Of `field(default=1)` the default."""
    if isinstance(declared, ast.Call) and ast.unparse(declared.func).rpartition(".")[2] == "field":
        return next((keyword.value for keyword in declared.keywords if keyword.arg == "default"), None)
    return declared


def _is_dict(call: ast.Call) -> bool:
    """Whether a call is `dict(a=1)`."""
    return isinstance(call.func, ast.Name) and call.func.id == "dict" and not call.args


def _node_of(found: object, raw: str, span: Span) -> Node:
    """A value that was folded, all of it at one place."""
    if isinstance(found, dict):
        entries = {
            key: Entry(Scalar(key, key, True, span), _node_of(held, raw, span)) for key, held in found.items()
        }
        return Mapping(entries, span)
    if isinstance(found, list):
        return Sequence(tuple(_node_of(item, raw, span) for item in found), span)
    return Scalar(found, found if isinstance(found, str) else raw, isinstance(found, str), span)
