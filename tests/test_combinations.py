"""Every check of Transformers on a combination of arguments has a rule of ours, or a reason why not.

The table is combinations.yaml; here it is held against the source of the release that is installed, of the older
ones that test_agreement.py installs, and of those whose wheels lie in the folder that CONFIGLINT_WHEELS names:
`python schemas/history.py --all --wheels FOLDER` puts them there.
"""

from __future__ import annotations

import ast
import os
import zipfile
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from test_history import TRANSFORMERS, needs_newest

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


# Methods that a script calls, or Python does.
NOT_CHECKS = ("set_", "__setattr__")


def rejected(source: str) -> Counter[frozenset[str]]:
    """How often TrainingArguments raises an error under conditions on these arguments."""
    tree = ast.parse(source)
    (owner,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "TrainingArguments")
    fields = {ast.unparse(line.target) for line in owner.body if isinstance(line, ast.AnnAssign)}
    raised = [
        frozenset(names & fields)
        for method in owner.body
        if isinstance(method, ast.FunctionDef) and not method.name.startswith(NOT_CHECKS)
        for names in _conditions(method, set())
    ]
    return Counter(names for names in raised if names)  # without any it is about what is installed


def _conditions(node: ast.AST, names: set[str]) -> Iterator[set[str]]:
    """For each raise, the attributes that the conditions above it ask for."""
    if isinstance(node, ast.Raise):
        yield names
    elif isinstance(node, ast.If):
        names = names | {each.attr for each in ast.walk(node.test) if isinstance(each, ast.Attribute)}
    for child in ast.iter_child_nodes(node):
        yield from _conditions(child, names)


def in_table(release: str) -> Counter[frozenset[str]]:
    """What the table has of a release."""
    found: Counter[frozenset[str]] = Counter()
    for row in TABLE["releases"]:
        first, last = row.get("first", TRANSFORMERS[0]), row.get("last", TRANSFORMERS[-1])
        if TRANSFORMERS.index(first) <= TRANSFORMERS.index(release) <= TRANSFORMERS.index(last):
            found[frozenset(row["of"])] += row.get("n", 1)
    return found


@needs_newest
@pytest.mark.heavy
def test_the_table_of_all_releases_has_what_the_installed_class_rejects() -> None:
    spec = find_spec("transformers")
    assert spec and spec.origin
    source = (Path(spec.origin).parent / "training_args.py").read_text(encoding="utf-8")
    assert rejected(source) == in_table(TRANSFORMERS[-1])


WHEELS = os.environ.get("CONFIGLINT_WHEELS")


@pytest.mark.skipif(WHEELS is None, reason="CONFIGLINT_WHEELS names no folder with the wheels of all releases")
def test_the_table_of_all_releases_has_what_the_classes_in_their_wheels_reject() -> None:
    for release in TRANSFORMERS:
        (wheel,) = Path(WHEELS or "").glob(f"transformers-{release}.*-py3-none-any.whl")
        with zipfile.ZipFile(wheel) as archive:
            source = archive.read("transformers/training_args.py").decode()
        assert rejected(source) == in_table(release), release


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
    for row in (*rows().values(), *TABLE["releases"]):
        assert row.keys() - {"kind", "n", "of", "first", "last"} in ({"rule"}, {"why"}), row
        assert "rule" in row or row["why"].strip(), row
        named = row.get("rule", [])
        assert {*([named] if isinstance(named, str) else named)} <= rules.rule_names(), row
