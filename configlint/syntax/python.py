"""Python to a located document: the calls of some functions, each a mapping of its keywords.

Nothing is imported or run. What stands there as a literal, or as a name that is bound once to one, is read; all else
is `AT_RUNTIME`. A function is known by where its name was imported from: many packages have a `TrainingArguments`.

Source: Python 3.11's grammar (docs.python.org, library/ast)
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.document import Entry, Mapping, Node, Scalar, Sequence
from configlint.core.source import Source, Span
from configlint.core.values import AT_RUNTIME

MAX_CHARACTERS = 1_000_000
# Names and operators that are followed to a value: deeper, nobody can have meant a constant.
_DEEPEST = 20
# No setting is as long, or as large.
_LONGEST = 10_000
_LARGEST = 2**64
# What a call has that cannot be seen: `**options`.
OPEN = "**"
# Where a class of the file is called that derives from the function: its fields, under a word that no argument is.
DECLARED = "class"

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "int": int, "float": float, "bool": bool, "str": str, "max": max, "min": min, "round": round, "abs": abs,
}  # fmt: skip
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.ListComp, ast.SetComp, ast.DictComp,
           ast.GeneratorExp)  # fmt: skip


class _Bound(NamedTuple):
    """What a name is bound to at one place: an expression, a class, or what is imported, in a scope; None is
    something else, such as a parameter."""

    what: ast.expr | ast.ClassDef | str | None
    scope: _Scope


class _Scope:
    def __init__(self, above: _Scope | None, is_class: bool = False) -> None:
        self.above, self.is_class = above, is_class
        self.names: dict[str, list[_Bound]] = {}

    def bind(self, name: str, what: ast.expr | ast.ClassDef | str | None, scope: _Scope | None = None) -> None:
        self.names.setdefault(name, []).append(_Bound(what, scope or self))

    def outer(self) -> Iterator[_Scope]:
        above = self.above
        while above is not None:
            yield above
            above = above.above

    def find(self, name: str) -> list[_Bound]:
        """All that a name is bound to, where it is used in this scope."""
        scope: _Scope | None = self
        while scope is not None:
            # A class's names are not seen in its functions.
            if name in scope.names and (scope is self or not scope.is_class):
                return scope.names[name]
            scope = scope.above
        return []


def parse(text: str) -> ast.Module | SyntaxError | None:
    """The syntax tree; what is wrong with the text, or None where the parser gives up."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compile(text, "", "exec", flags, dont_inherit=True)  # type: ignore[no-any-return]
        except SyntaxError as error:
            return error
        except (ValueError, RecursionError, MemoryError):
            return None


def read(source: Source, wanted: Collection[str]) -> tuple[Mapping | None, list[Diagnostic]]:
    """The calls of functions whose names, without what they are imported from, are wanted; None where there are none,
    or no reading the text."""
    # Where other signs end a line too, Python and people count lines in two ways.
    if len(source.text) > MAX_CHARACTERS or re.search("[\x85\u2028\u2029]", source.text):
        return None, []
    trees: list[ast.Module] = []
    for first_line, text in pieces(source):
        tree = parse(text)
        if isinstance(tree, ast.Module):
            ast.increment_lineno(tree, first_line - 1)
            trees.append(tree)
        elif isinstance(tree, SyntaxError) and (found := _given_twice(source, tree, first_line)):
            return None, [found]
    return document(source, trees, wanted), []


def document(source: Source, trees: Iterable[ast.Module], wanted: Collection[str]) -> Mapping | None:
    """The calls in some trees."""
    try:
        entries = dict(_Reader(source, trees).entries(wanted))
    except RecursionError:
        return None
    lines = source.lines()
    whole = Span(source, 1, 1, len(lines), len(lines[-1]) + 1)
    return Mapping(entries, whole) if entries else None


def pieces(source: Source) -> Iterator[tuple[int, str]]:
    """What is parsed by itself, and its first line: a file, or each cell of a notebook, as some may hold no Python."""
    if source.notebook is None:
        yield 1, source.text
        return
    from configlint.syntax.notebook import python_of

    lines = source.lines()
    starts = [cell.first_line for cell in source.notebook.cells]
    for start, end in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        yield start, python_of(lines[start - 1 : end - 1])


def _given_twice(source: Source, error: SyntaxError, first_line: int) -> Diagnostic | None:
    """Of all that can be wrong with a text, only this is certain to be a mistake and no other language."""
    before, _, name = (error.msg or "").partition("keyword argument repeated: ")
    if before or not name or error.lineno is None or error.offset is None:
        return None
    line = first_line + error.lineno - 1
    span = Span(source, line, error.offset, line, error.offset + len(name))
    message = f"`{name}` is passed twice in one call, so Python refuses to run the file"
    return Diagnostic("syntax/duplicate-key", Severity.ERROR, message, span, "remove one of them")


class _Reader:
    """The calls of a file, and what its names are bound to."""

    def __init__(self, source: Source, trees: Iterable[ast.Module]) -> None:
        self.source = source
        self.lines = source.lines()
        self.calls: list[tuple[ast.Call, _Scope]] = []
        self.stored: dict[str, list[str]] = {}  # attributes that are set, by the name of what has them
        self.results: dict[ast.Call, str] = {}  # the names that calls are bound to
        self.used: dict[str, int] = {}  # how often a name is read, other than as `**name`
        scope = _Scope(None)
        for tree in trees:
            self._walk(tree, scope)

    def _walk(self, tree: ast.Module, scope: _Scope) -> None:
        """Without recursion: a chain of calls can be long."""
        waiting: list[tuple[ast.AST, _Scope]] = [(tree, scope)]
        while waiting:
            node, scope = waiting.pop()
            inner = self._entered(node, scope)
            if isinstance(node, ast.Call):
                self.calls.append((node, scope))
            # In the order of the text, the last that is put in comes first.
            waiting += [(child, inner) for child in reversed(list(ast.iter_child_nodes(node)))]

    def _entered(self, node: ast.AST, scope: _Scope) -> _Scope:
        """Note what a node binds; gives the scope of what is in it."""
        for name, what in _bound(node):
            scope.bind(name, what)
        if isinstance(node, ast.Global | ast.Nonlocal):
            for above in scope.outer():
                for name in node.names:
                    above.bind(name, None)
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name) and isinstance(node.value, ast.Call):
                self.results[node.value] = target.id
        if (
            isinstance(node, ast.Attribute)
            and not isinstance(node.ctx, ast.Load)
            and isinstance(node.value, ast.Name)
        ):
            self.stored.setdefault(node.value.id, []).append(node.attr)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self.used[node.id] = self.used.get(node.id, 0) + 1
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg is None and isinstance(keyword.value, ast.Name):
                    self.used[keyword.value.id] = self.used.get(keyword.value.id, 0) - 1
        if not isinstance(node, _SCOPES):
            return scope
        inner = _Scope(scope, isinstance(node, ast.ClassDef))
        for name in _own_names(node):
            inner.bind(name, None)
        return inner

    def entries(self, wanted: Collection[str]) -> Iterator[tuple[str, Entry]]:
        """The wanted calls in the order of the text, by their names with a number where there are several."""
        counts: dict[str, int] = {}
        for call, scope in sorted(self.calls, key=lambda pair: (pair[0].lineno, pair[0].col_offset)):
            found = self.target(call.func, scope)
            if found is None or found[0].rpartition(".")[2] not in wanted:
                continue
            name, classes = found
            counts[name] = number = counts.get(name, 0) + 1
            key = Scalar(name, name, False, self.span(call.func))
            arguments = dict(self.arguments(call, scope))
            if classes:
                arguments[DECLARED] = Entry(key, Mapping(self.fields(classes), key.span))
            yield f"{name}#{number}" if number > 1 else name, Entry(key, Mapping(arguments, self.span(call)))

    def target(self, func: ast.expr, scope: _Scope) -> tuple[str, list[_Bound]] | None:
        """The function that is called, by package and name, and the classes of this file that derive from it, the
        outermost first; None where it was not imported."""
        classes: list[_Bound] = []
        for _ in range(_DEEPEST):
            route = self.dotted(func, scope)
            if route is None:
                return None
            if isinstance(route, str):
                package, _, name = route.partition(".")
                return f"{package}.{name.rpartition('.')[2]}", classes
            classes.append(route)
            bases = route.what.bases if isinstance(route.what, ast.ClassDef) else []
            if len(bases) != 1:
                return None
            func, scope = bases[0], route.scope
        return None

    def dotted(self, expression: ast.expr, scope: _Scope) -> str | _Bound | None:
        """Where a name comes from: `transformers.training_args.TrainingArguments`, or a class of this file."""
        attributes: list[str] = []
        while isinstance(expression, ast.Attribute):
            attributes.insert(0, expression.attr)
            expression = expression.value
        if not isinstance(expression, ast.Name):
            return None
        found = scope.find(expression.id)
        routes = {bound.what for bound in found if isinstance(bound.what, str)}
        if len(routes) == 1 and all(isinstance(bound.what, str) for bound in found):
            return ".".join([*routes, *attributes])
        is_class = len(found) == 1 and isinstance(found[0].what, ast.ClassDef)
        return found[0] if is_class and not attributes else None

    def fields(self, classes: list[_Bound]) -> dict[str, Entry]:
        """The defaults that classes of this file give to arguments, those of the innermost first to be replaced."""
        entries = {}
        for bound in reversed(classes):
            for statement in bound.what.body if isinstance(bound.what, ast.ClassDef) else ():
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    name = statement.target.id
                    key = Scalar(name, name, False, self.span(statement.target))
                    entries[name] = Entry(key, self.default(statement.value, bound.scope, key.span))
        return entries

    def default(self, value: ast.expr | None, scope: _Scope, place: Span) -> Node:
        """Of `field(default=…)` the default."""
        if isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] == "field":
            value = next((keyword.value for keyword in value.keywords if keyword.arg == "default"), None)
        return self.node(value, scope) if value else Scalar(AT_RUNTIME, "", False, place)

    def arguments(self, call: ast.Call, scope: _Scope) -> Iterator[tuple[str, Entry]]:
        """The keywords of a call, those of mappings that are unpacked too, and the positional ones by number."""
        changed = self.stored.get(self.results.get(call, ""), ())
        for number, value in enumerate(call.args):
            if isinstance(value, ast.Starred):
                yield OPEN, self.hidden(OPEN, value)
                break
            yield str(number), Entry(Scalar(number, str(number), False, self.span(value)), self.node(value, scope))
        for keyword in call.keywords:
            if keyword.arg is None:
                yield from self.unpacked(keyword.value, scope)
            elif keyword.arg in changed:
                yield keyword.arg, self.hidden(keyword.arg, keyword)
            else:
                span = self.named(keyword, keyword.arg)
                key = Scalar(keyword.arg, keyword.arg, False, span)
                yield keyword.arg, Entry(key, self.node(keyword.value, scope))
        for name in changed:  # set afterwards, what is not passed
            if name not in {keyword.arg for keyword in call.keywords}:
                yield name, self.hidden(name, call.func)

    def unpacked(self, value: ast.expr, scope: _Scope) -> Iterator[tuple[str, Entry]]:
        """The entries of `**value`; that there are others, where they cannot be read."""
        where = scope
        if isinstance(value, ast.Name) and not self.used.get(value.id):
            found = scope.find(value.id)
            if len(found) == 1 and isinstance(found[0].what, ast.expr):
                value, where = found[0].what, found[0].scope
        if (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Name)
            and value.func.id == "dict"
            and not value.args
        ):
            yield from self.arguments(value, where)
            return
        if not isinstance(value, ast.Dict):
            yield OPEN, self.hidden(OPEN, value)
            return
        for key, held in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, Entry(Scalar(key.value, key.value, True, self.span(key)), self.node(held, where))
            else:
                yield OPEN, self.hidden(OPEN, held)

    def hidden(self, name: str, node: ast.AST) -> Entry:
        key = Scalar(name, name, False, self.named(node, name))
        return Entry(key, Scalar(AT_RUNTIME, "", False, self.span(node)))

    def node(self, value: ast.expr, scope: _Scope) -> Node:
        """A value at its place."""
        span = self.span(value)
        if isinstance(value, ast.Dict) and all(_is_text(key) for key in value.keys):
            entries = {}
            for key, held in zip(value.keys, value.values, strict=True):
                assert isinstance(key, ast.Constant)
                entries[key.value] = Entry(
                    Scalar(key.value, key.value, True, self.span(key)), self.node(held, scope)
                )
            return Mapping(entries, span)
        if isinstance(value, ast.List | ast.Tuple):
            return Sequence(tuple(self.node(item, scope) for item in value.elts), span)
        return _node_of(self.value(value, scope, 0), self.text(value), span)

    def value(self, node: ast.expr, scope: _Scope, depth: int) -> object:
        """What an expression of constants comes to; `AT_RUNTIME` where it is not one."""
        if depth > _DEEPEST:
            return AT_RUNTIME
        try:
            found = self._folded(node, scope, depth + 1)
        except (ArithmeticError, ValueError, TypeError):
            return AT_RUNTIME
        return found if _is_sensible(found) else AT_RUNTIME

    def _folded(self, node: ast.expr, scope: _Scope, depth: int) -> object:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            found = scope.find(node.id)
            if len(found) != 1 or not isinstance(found[0].what, ast.expr):
                return AT_RUNTIME
            value = self.value(found[0].what, found[0].scope, depth)
            # Where a list is used elsewhere, it may be changed there.
            return AT_RUNTIME if isinstance(value, list | dict) and self.used.get(node.id, 0) > 1 else value
        if isinstance(node, ast.List | ast.Tuple):
            return _all_known([self.value(item, scope, depth) for item in node.elts])
        if isinstance(node, ast.Dict) and all(_is_text(key) for key in node.keys):
            held = _all_known([self.value(item, scope, depth) for item in node.values])
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            return dict(zip(keys, held, strict=True)) if isinstance(held, list) else AT_RUNTIME
        if isinstance(node, ast.IfExp):
            return self._chosen(node, scope, depth)
        parts = _all_known([self.value(part, scope, depth) for part in _parts(node)])
        return _combined(node, parts) if isinstance(parts, list) and parts else AT_RUNTIME

    def _chosen(self, node: ast.IfExp, scope: _Scope, depth: int) -> object:
        test = self.value(node.test, scope, depth)
        if test is not AT_RUNTIME:
            return self.value(node.body if test else node.orelse, scope, depth)
        one, other = (self.value(part, scope, depth) for part in (node.body, node.orelse))
        return one if type(one) is type(other) and one == other else AT_RUNTIME

    def text(self, node: ast.AST) -> str:
        span = self.span(node)
        if span.line != span.end_line:
            return ""
        return self.lines[span.line - 1][span.column - 1 : span.end_column - 1]

    def named(self, node: ast.AST, name: str) -> Span:
        """Where a keyword's name stands, or what there is instead."""
        span = self.span(node)
        return span._replace(end_line=span.line, end_column=span.column + len(name))

    def span(self, node: ast.AST) -> Span:
        """Python counts columns in bytes of UTF-8."""
        line, end_line = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
        return Span(self.source, line, self._column(line, start), end_line, self._column(end_line, end))

    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return (offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))) + 1


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.expr | ast.ClassDef | str | None]]:
    """The names that a node binds in its scope, and to what."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _assigned(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
        if node.value is not None:
            yield from _assigned(node.target, node.value)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield (
                alias.asname or alias.name.partition(".")[0],
                alias.name if alias.asname else alias.name.partition(".")[0],
            )
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"
    elif isinstance(node, ast.ClassDef):
        yield node.name, node
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, None
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
        yield node.id, None
    elif isinstance(node, ast.AugAssign | ast.For | ast.AsyncFor):
        yield from _assigned(node.target, None)
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            yield from _assigned(item.optional_vars, None)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name, None
    elif isinstance(node, ast.Global | ast.Nonlocal):
        for name in node.names:
            yield name, None


def _assigned(target: ast.AST | None, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    """The names of a target; of `a, b = 1, 2` each with its own value."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Starred):
        yield from _assigned(target.value, None)
    elif isinstance(target, ast.Subscript | ast.Attribute):
        # What is changed in parts is not what it was bound to.
        while isinstance(target, ast.Subscript | ast.Attribute):
            is_attribute, target = isinstance(target, ast.Attribute), target.value
        if isinstance(target, ast.Name) and not is_attribute:
            yield target.id, None
    elif isinstance(target, ast.Tuple | ast.List):
        held = (
            value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) else None
        )
        for number, part in enumerate(target.elts):
            yield from _assigned(part, held[number] if held else None)


def _own_names(node: ast.AST) -> Iterator[str]:
    """The parameters of a function; what a comprehension counts through."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        held = node.args
        every = [*held.posonlyargs, *held.args, *held.kwonlyargs, held.vararg, held.kwarg]
        yield from (argument.arg for argument in every if argument)
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        for generator in node.generators:
            yield from (name for name, _ in _assigned(generator.target, None))


def _parts(node: ast.expr) -> list[ast.expr]:
    """What an expression is computed from, where it is one that can be."""
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.JoinedStr):
        return [
            part.value if isinstance(part, ast.FormattedValue) and _is_plain(part) else part for part in node.values
        ]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return node.args if node.func.id in _FUNCTIONS else []
    return []


def _is_plain(part: ast.FormattedValue) -> bool:
    return part.conversion == -1 and part.format_spec is None


def _combined(node: ast.expr, parts: list[Any]) -> object:
    """Raises:
    ArithmeticError, ValueError, TypeError: Python cannot compute it either.
    """
    if isinstance(node, ast.UnaryOp):
        one = parts[0]
        return not one if isinstance(node.op, ast.Not) else -one if isinstance(node.op, ast.USub) else +one
    if isinstance(node, ast.BinOp):
        left, right = parts
        too_large = isinstance(node.op, ast.Pow) and not (abs(left) < 1000 and abs(right) < 20)
        is_text = isinstance(node.op, ast.Mult | ast.Mod) and not all(
            isinstance(part, int | float) for part in parts
        )
        compute = _OPERATORS.get(type(node.op))
        return AT_RUNTIME if compute is None or too_large or is_text else compute(left, right)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part) for part in parts)
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return _FUNCTIONS[node.func.id](*parts)


def _all_known(values: list[object]) -> object:
    return AT_RUNTIME if any(value is AT_RUNTIME for value in values) else values


def _is_text(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and isinstance(key.value, str)


def _is_sensible(value: object) -> bool:
    """Whether a value is one that a setting can have."""
    if isinstance(value, str | list | dict):
        return len(value) <= _LONGEST
    return value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) <= _LARGEST)


def _node_of(value: object, raw: str, span: Span) -> Node:
    """A value that was folded, all of it at one place."""
    if isinstance(value, dict):
        entries = {
            key: Entry(Scalar(key, key, True, span), _node_of(held, raw, span)) for key, held in value.items()
        }
        return Mapping(entries, span)
    if isinstance(value, list):
        return Sequence(tuple(_node_of(item, raw, span) for item in value), span)
    return Scalar(value, value if isinstance(value, str) else raw, isinstance(value, str), span)
