"""What a training script takes from the JSON that it gets, as far as its text says it.

HfArgumentParser.parse_json_file refuses what none of its dataclasses has; a script that does anything else with its
parser is not judged. Nothing is imported or run.

Source: transformers 4.30 to 5.24 hf_argparser.py, parse_dict
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from configlint import knowledge
from configlint.frontends.calls import classes
from configlint.syntax.names import Bound, Names, Scope
from configlint.syntax.python import MAX_CHARACTERS, parse

_READS = "parse_json_file"
# What else may be asked of a parser that has read the JSON, or of one that gets no JSON.
_BESIDE = (_READS, "parse_args_into_dataclasses", "parse_args", "print_help", "print_usage")
_MOST_BASES = 20


class _Unknown(Exception):
    """It cannot be seen from the text."""


def fields(text: str) -> frozenset[str] | None:
    """The fields of the dataclasses that the script fills, where it refuses all else, if that is certain. Those
    of a config class are what it has in any release."""
    tree = parse(text) if len(text) <= MAX_CHARACTERS and "HfArgumentParser" in text else None
    if tree is None:
        return None
    names = Names([tree])
    try:
        return frozenset(_fields(names))
    except (_Unknown, RecursionError):
        return None
    finally:
        names.forget()


def _fields(names: Names) -> Iterator[str]:
    made = [(call, scope) for call, scope in names.calls if _is_from(call.func, scope, "HfArgumentParser")]
    if len(made) != 1:
        raise _Unknown
    (call, scope) = made[0]
    given = [*call.args, *(each.value for each in call.keywords if each.arg == "dataclass_types")]
    if len(given) != 1 or len(call.args) + len(call.keywords) != 1 or not _refuses(names, call):
        raise _Unknown
    yield from _of_types(given[0], scope)


def _refuses(names: Names, parser: ast.Call) -> bool:
    """Whether the parser only reads JSON files, refusing what it does not know, or the command line."""
    name = names.results.get(parser)
    uses = [
        (each, each.func.attr)
        for each, _ in names.calls
        if isinstance(each.func, ast.Attribute)
        and (each.func.value is parser or (isinstance(each.func.value, ast.Name) and each.func.value.id == name))
    ]
    if name is not None and names.used.get(name) != len(uses):
        return False  # it is handed to somebody else
    reads = [each for each, method in uses if method == _READS]
    return bool(reads) and all(method in _BESIDE for _, method in uses) and all(map(_is_strict, reads))


def _is_strict(read: ast.Call) -> bool:
    return (
        len(read.args) + len(read.keywords) == 1
        and not any(isinstance(argument, ast.Starred) for argument in read.args)
        and all(keyword.arg == "json_file" for keyword in read.keywords)
    )


def _of_types(given: ast.expr, scope: Scope) -> Iterator[str]:
    """The fields of a class or of several."""
    if isinstance(given, ast.Tuple | ast.List):
        for each in given.elts:
            yield from _of_class(each, scope, 0)
    elif isinstance(given, ast.Name) and (bound := scope.expression(given.id)):
        yield from _of_types(*bound)
    else:
        yield from _of_class(given, scope, 0)


def _of_class(given: ast.expr, scope: Scope, depth: int) -> Iterator[str]:
    origin = scope.origin(given)
    if isinstance(origin, str):
        yield from _of_config(origin)
        return
    if origin is None or depth > _MOST_BASES or not isinstance(origin.what, ast.ClassDef):
        raise _Unknown
    if origin.what.keywords or not all(_is_dataclass(each, origin) for each in origin.what.decorator_list):
        raise _Unknown
    for statement in origin.what.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id
    for base in origin.what.bases:
        yield from _of_class(base, origin.scope, depth + 1)


def _is_dataclass(decorator: ast.expr, bound: Bound) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return bound.scope.origin(called) == "dataclasses.dataclass"


def _of_config(origin: str) -> Iterator[str]:
    trainer = classes().get(origin.rpartition(".")[2])
    if trainer is None or origin.partition(".")[0] not in ("transformers", "trl"):
        raise _Unknown
    for layer in knowledge.find_release(None, None, trainer).layers:
        yield from layer.arguments


def _is_from(function: ast.expr, scope: Scope, name: str) -> bool:
    origin = scope.origin(function)
    return isinstance(origin, str) and origin.startswith("transformers.") and origin.rpartition(".")[2] == name
