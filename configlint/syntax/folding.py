"""What an expression of constants comes to: nothing is run, and nothing large is computed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from itertools import pairwise

from configlint.core.typing import Any
from configlint.core.values import AT_RUNTIME
from configlint.syntax.names import Names, Scope

# Names and operators that are followed to a value: deeper, nobody can have meant a constant.
_DEEPEST = 20
# No setting is as long, or as large.
_LONGEST = 10_000
_LARGEST = 2**64
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "int": int, "float": float, "bool": bool, "str": str, "max": max, "min": min, "round": round, "abs": abs,
}  # fmt: skip


def value(node: ast.expr, scope: Scope, names: Names, depth: int = 0) -> object:
    """The value of an expression; `AT_RUNTIME` where only the running program knows it."""

    def part(inner: ast.expr, scope: Scope = scope) -> object:
        return value(inner, scope, names, depth + 1)

    if depth > _DEEPEST:
        return AT_RUNTIME
    try:
        found = _of_name(node, scope, names, part) if isinstance(node, ast.Name) else _folded(node, part)
    except (ArithmeticError, ValueError, TypeError):  # Python cannot compute it either
        return AT_RUNTIME
    return found if _is_sensible(found) else AT_RUNTIME


def _of_name(node: ast.Name, scope: Scope, names: Names, part: Callable[[ast.expr, Scope], object]) -> object:
    bound = scope.expression(node.id)
    found = part(*bound) if bound else AT_RUNTIME
    # Where a list is used elsewhere, it may be changed there.
    return AT_RUNTIME if isinstance(found, list | dict) and names.used.get(node.id, 0) > 1 else found


def _folded(node: ast.expr, part: Callable[[ast.expr], object]) -> object:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return _all_known([part(item) for item in node.elts])
    if isinstance(node, ast.Dict):
        keys, held = texts(node.keys), _all_known([part(item) for item in node.values])
        return dict(zip(keys, held, strict=True)) if keys is not None and isinstance(held, list) else AT_RUNTIME
    if isinstance(node, ast.IfExp):
        return _chosen(node, part)
    parts = _all_known([part(each) for each in _parts(node)])
    return _combined(node, parts) if isinstance(parts, list) and parts else AT_RUNTIME


def _chosen(node: ast.IfExp, part: Callable[[ast.expr], object]) -> object:
    test = part(node.test)
    if test is not AT_RUNTIME:
        return part(node.body if test else node.orelse)
    one, other = part(node.body), part(node.orelse)
    return one if type(one) is type(other) and one == other else AT_RUNTIME


def _parts(node: ast.expr) -> list[ast.expr]:
    """What an expression is computed from, where it is one that can be."""
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.JoinedStr):
        return [
            each.value if isinstance(each, ast.FormattedValue) and _is_plain(each) else each for each in node.values
        ]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return node.args if node.func.id in _FUNCTIONS else []
    return []


def _is_plain(part: ast.FormattedValue) -> bool:
    """Whether a value in an f-string is put in as it is."""
    return part.conversion == -1 and part.format_spec is None


def _combined(node: ast.expr, parts: list[Any]) -> object:
    """Raises:
    ArithmeticError, ValueError, TypeError: Python cannot compute it either.
    """
    if isinstance(node, ast.UnaryOp):
        one = parts[0]
        return not one if isinstance(node.op, ast.Not) else -one if isinstance(node.op, ast.USub) else +one
    if isinstance(node, ast.BinOp):
        return _computed(node.op, *parts)
    if isinstance(node, ast.Compare):
        return _compared(node.ops, parts)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(str, parts))
    return (
        _FUNCTIONS[node.func.id](*parts) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
    )


def _compared(signs: list[ast.cmpop], parts: list[Any]) -> object:
    """`1 < 2 < 3` of values that are no lists; `is` only with None, as others may be the same or not."""
    is_plain = all(isinstance(part, str | int | float | None) for part in parts)
    is_by_name = any(isinstance(sign, ast.Is | ast.IsNot) for sign in signs)
    if not is_plain or (is_by_name and None not in parts) or not all(type(sign) in _COMPARISONS for sign in signs):
        return AT_RUNTIME
    pairs = zip(signs, pairwise(parts), strict=True)
    return all(_COMPARISONS[type(sign)](*pair) for sign, pair in pairs)


def _computed(sign: ast.operator, left: Any, right: Any) -> object:
    is_text = not all(isinstance(part, int | float) for part in (left, right))
    if is_text and not isinstance(sign, ast.Add):
        return AT_RUNTIME
    if isinstance(sign, ast.Pow) and not (abs(left) < 1000 and abs(right) < 20):
        return AT_RUNTIME
    compute = _OPERATORS.get(type(sign))
    return compute(left, right) if compute else AT_RUNTIME


def _all_known(values: list[object]) -> object:
    return AT_RUNTIME if any(each is AT_RUNTIME for each in values) else values


def texts(keys: list[ast.expr | None]) -> list[str] | None:
    """The keys of a mapping, where all are texts that stand there."""
    found = [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return found if len(found) == len(keys) else None


def _is_sensible(found: object) -> bool:
    """Whether a value is one that a setting can have."""
    if isinstance(found, str | list | dict):
        return len(found) <= _LONGEST
    return found is None or isinstance(found, float) or (isinstance(found, int) and abs(found) <= _LARGEST)
