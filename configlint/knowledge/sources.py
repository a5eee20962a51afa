"""Config classes in the source of a release: read with `ast`, never imported.

schemas/wheels.py makes the data of these; of a release that there is no data of, project/installed.py reads them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping

# Of a class and its bases; those of TRL are four.
_MOST_CLASSES = 20
_LAST = "TrainingArguments"
# The text of each module, by its path, and what parses one of them.
Modules = Mapping[str, str]
Parse = Callable[[str], ast.Module]


def find_class(name: str, modules: Modules, pattern: str, parse: Parse) -> ast.ClassDef | None:
    """The class of that name in the modules that match, if it holds fields or derives from what does; the shortest
    path first, as what is experimental lies deeper."""
    paths = sorted((path for path in modules if re.search(pattern, path)), key=lambda path: (len(path), path))
    # Nearly all modules do not have it, and parsing takes long.
    paths = [path for path in paths if re.search(rf"^class {name}\b", modules[path], re.MULTILINE)]
    nodes = [node for path in paths for node in parse(path).body if isinstance(node, ast.ClassDef)]
    found = [node for node in nodes if node.name == name]
    return next((node for node in found if declared(node)), found[0] if found else None)


def declared(owner: ast.ClassDef) -> list[ast.AnnAssign]:
    """What a class annotates as a field."""
    return [
        line
        for line in owner.body
        if isinstance(line, ast.AnnAssign) and "ClassVar" not in ast.unparse(line.annotation)
    ]


def fields(owner: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    """Those of them that its constructor takes, by name."""
    for line in declared(owner):
        init = options(line.value).get("init")
        if isinstance(line.target, ast.Name) and (init is None or ast.unparse(init) != "False"):
            yield line.target.id, line


def options(value: ast.expr | None) -> dict[str, ast.expr]:
    """The arguments of `field(…)`, or a plain value as the default."""
    if value is None:
        return {}
    if isinstance(value, ast.Call) and ast.unparse(value.func) in ("field", "dataclasses.field"):
        return {keyword.arg: keyword.value for keyword in value.keywords if keyword.arg}
    return {"default": value}


def field_names(name: str, modules: Modules, parse: Parse) -> frozenset[str] | None:
    """What the constructor of a class takes, with that of its bases down to TrainingArguments; None where a base is
    in none of these modules, so that nobody knows all of it."""
    found: set[str] = set()
    left, seen = [name], set[str]()
    while left:
        each = left.pop()
        owner = find_class(each, modules, "", parse)
        seen.add(each)
        if owner is None and each == _LAST and name != _LAST:
            continue
        if owner is None or len(seen) > _MOST_CLASSES:
            return None
        found |= {field for field, _ in fields(owner)}
        # A base that is no plain name is in another package.
        bases = [base.id if isinstance(base, ast.Name) else "" for base in owner.bases]
        left += [base for base in bases if base not in seen]
    return frozenset(found)
