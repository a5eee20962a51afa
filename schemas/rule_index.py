"""The text of configlint/rules/_index.py: what rules there are, and when one is worth loading.

A family's condition is what its `applies` returns, a rule's is its `@rule(…, when=…)`. Their expressions are
copied, so that to ask them loads neither; names in them are imported from where the module has them.
"""

from __future__ import annotations

import ast
import builtins
import importlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "configlint" / "rules" / "_index.py"
HEADER = '''"""Made from the rules of this folder by schemas/generate.py: do not edit.

RULES has the names of each rule's findings, FAMILIES the modules of a family that a plan needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from configlint.core.plan import Plan
'''


def text() -> str:
    _make_importable()
    folder = TARGET.parent
    families = sorted(path.parent for path in folder.glob("[a-z]*/__init__.py"))
    lines = [HEADER]
    names: dict[str, tuple[str, ...]] = {}
    for family in families:
        modules = sorted(path for path in family.glob("[a-z]*.py"))
        for path in modules:
            rule = importlib.import_module(f"configlint.rules.{family.name}.{path.stem}").check
            names[rule.name] = rule.names
        lines += ["", *_function(family, modules), ""]
    lines += ["", "FAMILIES: dict[str, Callable[[Plan], Iterator[str]]] = {"]
    lines += [f'    "{family.name}": {family.name},' for family in families]
    lines += ["}", "RULES: dict[str, tuple[str, ...]] = {"]
    lines += [f"    {name!r}: {held}," for name, held in names.items()]
    return "\n".join([*lines, "}", ""])


def _make_importable() -> None:
    """The rules cannot be imported where a merge left its marks in the index."""
    try:
        compile(TARGET.read_text(encoding="utf-8"), TARGET, "exec")
    except (FileNotFoundError, SyntaxError):
        TARGET.write_text("FAMILIES = {}\nRULES = {}\n", encoding="utf-8")


def _function(family: Path, modules: list[Path]) -> Iterator[str]:
    yield f"def {family.name}(plan: Plan) -> Iterator[str]:"
    applies, imports = _applies(family / "__init__.py")
    whens = {path: _when(path) for path in modules}
    yield from (f"    {line}" for line in sorted(imports))
    if applies != "True":
        yield f"    if not ({applies}):"
        yield "        return"
    needed = sorted({line for _, lines in whens.values() for line in lines} - imports)
    yield from (f"    {line}" for line in needed)
    for path, (when, _) in whens.items():
        if when is not None:
            yield f"    if {when}:"
        yield f'    {"" if when is None else "    "}yield "{path.stem}"'


def _applies(path: Path) -> tuple[str, set[str]]:
    """What a family's `applies` returns."""
    tree = _parsed(path)
    (function,) = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "applies"]
    returned = function.body[-1]
    if not isinstance(returned, ast.Return) or returned.value is None or len(function.body) > 2:
        raise SystemExit(f"{path}: applies(plan) must be one return")
    return ast.unparse(returned.value), _imports(path, tree, returned.value, is_family=True)


def _when(path: Path) -> tuple[str | None, set[str]]:
    """The condition of a rule, None where there is none: the body of a lambda, or the call of a function."""
    tree = _parsed(path)
    (check,) = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "check"]
    (decorator,) = check.decorator_list
    assert isinstance(decorator, ast.Call)
    given = [keyword.value for keyword in decorator.keywords if keyword.arg == "when"]
    if not given:
        return None, set()
    imports = _imports(path, tree, given[0], is_family=False)
    when = given[0]
    return (ast.unparse(when.body) if isinstance(when, ast.Lambda) else f"{ast.unparse(when)}(plan)"), imports


def _imports(path: Path, tree: ast.Module, expression: ast.expr, is_family: bool) -> set[str]:
    """The imports that an expression needs elsewhere. A rule's own names are refused: to have them, the rule would
    be loaded."""
    names = [node for node in ast.walk(expression) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)} | {"plan"}
    homes = {
        alias.name: each.module for each in tree.body if isinstance(each, ast.ImportFrom) for alias in each.names
    }
    found = set()
    for name in {node.id for node in names} - bound - set(dir(builtins)):
        home = homes.get(name) or (f"configlint.rules.{path.parent.name}" if is_family else None)
        if home is None:
            raise SystemExit(f"{path}: `when` needs {name}: move it to the family's __init__.py")
        found.add(f"from {home} import {name}")
    return found


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
