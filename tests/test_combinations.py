"""Every check of Transformers on a combination of arguments has a rule of ours, or a reason why not.

The table is combinations.yaml; here it is held against the source of the release that is installed.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from configlint import rules

TABLE = yaml.safe_load((Path(__file__).parent / "combinations.yaml").read_text(encoding="utf-8"))
# Of loggers: what a user gets to read.
SPOKEN = ("info", "info_once", "warning", "warning_once", "warning_advice", "error")


class Key(NamedTuple):
    file: str
    function: str
    kind: str
    n: int


def rows() -> dict[Key, dict[str, Any]]:
    found = [
        (Key(file, function, row["kind"], row["n"]), row)
        for file, functions in TABLE["checks"].items()
        for function, lines in functions.items()
        for row in lines
    ]
    assert len(dict(found)) == len(found), "a row stands twice"
    return dict(found)


def in_source(file: Path, covered: str | list[str]) -> Iterator[tuple[str, str, int]]:
    """(function, kind, ordinal) of each check in a file, in the order of the source."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {function for function, _ in _nodes(tree, ())}
    if covered != "all":
        for name in covered:
            assert any(_within(function, name) for function in names), f"{file.name} has no {name}"
    seen: Counter[tuple[str, str]] = Counter()
    for function, node in _nodes(tree, ()):
        kind = _kind(node)
        if kind and function and (covered == "all" or any(_within(function, name) for name in covered)):
            seen[function, kind] += 1
            yield function, kind, seen[function, kind]


def _within(function: str, name: str) -> bool:
    return function == name or function.startswith(f"{name}.")


def _nodes(node: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[str, ast.AST]]:
    """Each node below, under the qualified name of the function that it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield ".".join((*names, child.name)), child
            yield from _nodes(child, (*names, child.name))
        else:
            yield ".".join(names), child
            yield from _nodes(child, names)


def _kind(node: ast.AST) -> str | None:
    match node:
        case ast.Raise():
            return "raise"
        case ast.Assert():
            return "assert"
        case ast.Call(func=ast.Attribute(value=ast.Name(id="warnings"), attr="warn")):
            return "warn"
        case ast.Call(func=ast.Attribute(value=ast.Name(id="logger"), attr=attr)) if attr in SPOKEN:
            return "log"
    return None


@pytest.mark.heavy
def test_each_check_of_the_installed_release_has_a_row() -> None:
    installed = version("transformers")
    if not installed.startswith(f"{TABLE['release']}."):
        pytest.skip(f"the table is for transformers {TABLE['release']}, and {installed} is installed")
    spec = find_spec("transformers")
    assert spec and spec.origin
    folder, table = Path(spec.origin).parent, rows().keys()
    found = {
        Key(file, *check)
        for file, covered in TABLE["covers"].items()
        for check in in_source(folder / file, covered)
    }
    assert sorted(found - table) == [], "checks without a row"
    assert sorted(table - found) == [], "rows without a check"


def test_each_row_has_a_rule_that_there_is_or_a_reason() -> None:
    for key, row in rows().items():
        assert row.keys() - {"kind", "n"} in ({"rule"}, {"why"}), key
        assert "rule" in row or row["why"].strip(), key
        named = row.get("rule", [])
        assert {*([named] if isinstance(named, str) else named)} <= rules.rule_names(), key
