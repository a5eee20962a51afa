"""What the names of a Python file are bound to, and where names are imported from."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from configlint.core.record import NamedTuple
from configlint.core.typing import Any

# An expression, a class, or what is imported; None is something else, such as a parameter.
What = ast.expr | ast.ClassDef | str | None
Pairs = Iterator[tuple[str, What]]


class Bound(NamedTuple):
    """What a name is bound to at one place, and the scope that this stands in."""

    what: What
    scope: Scope


class Scope:
    def __init__(self, above: Scope | None = None, is_class: bool = False) -> None:
        self.above, self.is_class = above, is_class
        self.names: dict[str, list[Bound]] = {}

    def bind(self, name: str, what: What) -> None:
        self.names.setdefault(name, []).append(Bound(what, self))

    def outer(self) -> Iterator[Scope]:
        above = self.above
        while above is not None:
            yield above
            above = above.above

    def find(self, name: str) -> list[Bound]:
        """All that a name is bound to, where it is used in this scope."""
        if name in self.names:
            return self.names[name]
        # A class's names are not seen in its functions.
        seen = (scope.names[name] for scope in self.outer() if name in scope.names and not scope.is_class)
        return next(seen, [])

    def expression(self, name: str) -> tuple[ast.expr, Scope] | None:
        """What a name stands for, if it is bound once, to an expression; and the scope to read that in."""
        found = self.find(name)
        if len(found) == 1 and isinstance(found[0].what, ast.expr):
            return found[0].what, found[0].scope
        return None

    def origin(self, expression: ast.expr) -> str | Bound | None:
        """Where a function comes from: `transformers.training_args.TrainingArguments`, or a class of the file."""
        attributes: list[str] = []
        while isinstance(expression, ast.Attribute):
            attributes.insert(0, expression.attr)
            expression = expression.value
        if not isinstance(expression, ast.Name):
            return None
        found = self.find(expression.id)
        packages = {bound.what for bound in found if isinstance(bound.what, str)}
        if len(packages) == 1 and all(isinstance(bound.what, str) for bound in found):
            return ".".join([*packages, *attributes])
        is_class = len(found) == 1 and isinstance(found[0].what, ast.ClassDef)
        return found[0] if is_class and not attributes else None


class Names:
    """The calls of a file with their scopes, and how its names are used.

    `stored` are the attributes that are set, by the name of what has them, `asked` those that are read and how
    often, `results` the names that calls are bound to, `used` how often a name is read, other than as `**name`,
    `straight` the calls that are bound to a name whatever else happens, each after those above it.
    """

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self.calls: list[tuple[ast.Call, Scope]] = []
        self.stored: dict[str, list[str]] = {}
        self.asked: dict[str, dict[str, int]] = {}
        self.results: dict[ast.Call, str] = {}
        self.used: dict[str, int] = {}
        self.straight: set[ast.Call] = set()
        scope = Scope()
        self._scopes = [scope]
        for tree in trees:
            self._walk(tree, scope)

    def forget(self) -> None:
        """Let go of the trees: scopes and what is bound in them hold each other, and nobody collects them while the
        program runs."""
        for scope in self._scopes:
            scope.names.clear()

    def _walk(self, tree: ast.Module, scope: Scope) -> None:
        """Without recursion: a chain of calls can be long."""
        waiting: list[tuple[ast.AST, Scope]] = [(tree, scope)]
        while waiting:
            node, scope = waiting.pop()
            for name, what in _bound(node):
                scope.bind(name, what)
            self._note(node, scope)
            self.straight.update(_straight(node))
            inner = scope
            if own := _OWN_NAMES.get(type(node)):
                inner = Scope(scope, isinstance(node, ast.ClassDef))
                self._scopes.append(inner)
                for name in own(node):
                    inner.bind(name, None)
            waiting += [(child, inner) for child in ast.iter_child_nodes(node)]

    def _note(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Call):
            self.calls.append((node, scope))
            for keyword in node.keywords:
                if keyword.arg is None and isinstance(keyword.value, ast.Name):
                    self.used[keyword.value.id] = self.used.get(keyword.value.id, 0) - 1
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self.used[node.id] = self.used.get(node.id, 0) + 1
        elif isinstance(node, ast.Attribute):
            self._note_attribute(node)
        elif isinstance(node, ast.Assign):
            self._note_result(node)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            for above in scope.outer():
                for name in node.names:
                    above.bind(name, None)

    def _note_attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store):
            self.stored.setdefault(ast.unparse(node.value), []).append(node.attr)
        elif isinstance(node.value, ast.Name):
            asked = self.asked.setdefault(node.value.id, {})
            asked[node.attr] = asked.get(node.attr, 0) + 1

    def _note_result(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if isinstance(node.value, ast.Call) and isinstance(target, ast.Name):
            self.results[node.value] = target.id


def _straight(node: ast.AST) -> Iterator[ast.Call]:
    if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
        for each in node.body:
            if isinstance(each, ast.Assign) and isinstance(each.value, ast.Call):
                yield each.value


def _assigned(target: ast.AST | None, value: ast.expr | None) -> Pairs:
    """The names of a target; of `a, b = 1, 2` each with its own value."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Starred):
        yield from _assigned(target.value, None)
    elif isinstance(target, ast.Subscript):
        # What is changed in parts is not what it was bound to.
        if isinstance(target.value, ast.Name | ast.Subscript):
            yield from _assigned(target.value, None)
    elif isinstance(target, ast.Tuple | ast.List):
        is_same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        values = value.elts if is_same and isinstance(value, ast.Tuple | ast.List) else [None] * len(target.elts)
        for part, each in zip(target.elts, values, strict=True):
            yield from _assigned(part, each)


def _of_assign(node: Any) -> Pairs:
    for target in node.targets:
        yield from _assigned(target, node.value)


def _of_value(node: Any) -> Pairs:
    if node.value is not None:
        yield from _assigned(node.target, node.value)


def _of_import(node: Any) -> Pairs:
    for alias in node.names:
        package = alias.name if alias.asname else alias.name.partition(".")[0]
        yield alias.asname or package, package


def _of_import_from(node: Any) -> Pairs:
    for alias in node.names:
        yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"


def _of_target(node: Any) -> Pairs:
    yield from _assigned(node.target, None)


def _of_with(node: Any) -> Pairs:
    for item in node.items:
        yield from _assigned(item.optional_vars, None)


def _of_name(node: Any) -> Pairs:
    if node.name:
        yield node.name, node if isinstance(node, ast.ClassDef) else None


def _of_names(node: Any) -> Pairs:
    for name in node.names:
        yield name, None


def _of_deleted(node: Any) -> Pairs:
    for target in node.targets:
        yield from _assigned(target, None)


_BINDERS: dict[type[ast.AST], Callable[[Any], Pairs]] = {
    ast.Assign: _of_assign,
    ast.AnnAssign: _of_value,
    ast.NamedExpr: _of_value,
    ast.Import: _of_import,
    ast.ImportFrom: _of_import_from,
    ast.ClassDef: _of_name,
    ast.FunctionDef: _of_name,
    ast.AsyncFunctionDef: _of_name,
    ast.ExceptHandler: _of_name,
    ast.MatchAs: _of_name,
    ast.MatchStar: _of_name,
    ast.AugAssign: _of_target,
    ast.For: _of_target,
    ast.AsyncFor: _of_target,
    ast.With: _of_with,
    ast.AsyncWith: _of_with,
    ast.Global: _of_names,
    ast.Nonlocal: _of_names,
    ast.Delete: _of_deleted,
}


def _bound(node: ast.AST) -> Pairs:
    """The names that a node binds in its scope, and to what."""
    binder = _BINDERS.get(type(node))
    return binder(node) if binder else iter(())


def _parameters(node: Any) -> Iterator[str]:
    held = node.args
    every = [*held.posonlyargs, *held.args, *held.kwonlyargs, held.vararg, held.kwarg]
    return (argument.arg for argument in every if argument)


def _counted(node: Any) -> Iterator[str]:
    """What a comprehension goes through."""
    return (name for each in node.generators for name, _ in _assigned(each.target, None))


# What opens a scope, and the names that it brings.
_OWN_NAMES: dict[type[ast.AST], Callable[[Any], Iterator[str]]] = {
    ast.FunctionDef: _parameters,
    ast.AsyncFunctionDef: _parameters,
    ast.Lambda: _parameters,
    ast.ClassDef: lambda node: iter(()),
    ast.ListComp: _counted,
    ast.SetComp: _counted,
    ast.DictComp: _counted,
    ast.GeneratorExp: _counted,
}
