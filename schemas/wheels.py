"""What a release's source says of its config classes: read with `ast`, never imported.

An argument is a dict: `type` (JSON kinds), `default` (absent where it must be given) and `choices`. Names,
types, defaults and choices are facts; no help text is read.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from configlint.knowledge.sources import fields, find_class, options

Arguments = dict[str, dict[str, Any]]
# The members of each enum: {class: {member: its text}}.
Words = Mapping[str, Mapping[str, str]]
# The kinds of JSON, in the order that they are listed in.
KINDS = ("boolean", "integer", "number", "string", "array", "object", "null")
_KINDS = {
    "bool": "boolean", "int": "integer", "float": "number", "str": "string", "dict": "object", "Dict": "object",
    "list": "array", "List": "array", "tuple": "array", "Tuple": "array", "None": "null", "Any": "any",
    "Callable": "any", "ParallelismConfig": "object", "GenerationConfig": "object", "Path": "string",
}  # fmt: skip


def releases(package: str, first: tuple[int, int]) -> dict[str, str]:
    """The newest patch release of each minor one on PyPI, from `first` on, oldest first."""
    command = [sys.executable, "-m", "pip", "index", "versions", package]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    available = re.search(r"Available versions: (.*)", output)
    assert available, output
    numbers = sorted(tuple(map(int, version.split("."))) for version in available[1].split(", "))
    newest = {f"{number[0]}.{number[1]}": number for number in numbers if number[:2] >= first}
    return {minor: ".".join(map(str, number)) for minor, number in newest.items()}


def download(package: str, version: str, folder: Path) -> Path:
    """The wheel of a release, without what it depends on; what is there is taken."""
    pattern = f"{package}-{version}-*.whl"
    if not list(folder.glob(pattern)):
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, f"{package}=={version}"], check=True)
    return next(folder.glob(pattern))


def sources(wheel: Path) -> dict[str, str]:
    """The modules of a wheel, by their paths in it."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".py") and _is_wanted(name)]
        return {name: archive.read(name).decode("utf-8") for name in names}


def _is_wanted(name: str) -> bool:
    if name.startswith("trl/"):
        return True
    return bool(re.fullmatch(r"transformers/((integrations|utils|distributed)/)?\w+\.py", name))


class Package:
    """The classes and constants of a release's modules."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self.modules = modules

    @cache  # noqa: B019  (a handful of packages, all of them alive to the end)
    def tree(self, name: str) -> ast.Module:
        return ast.parse(self.modules.get(name, ""))

    def classes(self, *names: str) -> Iterator[ast.ClassDef]:
        """The classes of modules, in the order of these."""
        for name in names:
            yield from (node for node in self.tree(name).body if isinstance(node, ast.ClassDef))

    def find(self, class_name: str, pattern: str) -> ast.ClassDef | None:
        """The class of that name in the modules that match."""
        return find_class(class_name, self.modules, pattern, self.tree)


def enums(package: Package, names: list[str]) -> Words:
    """The members of each class that lists texts, by its name."""
    return {
        node.name: {
            ast.unparse(line.targets[0]): line.value.value
            for line in node.body
            if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant)
        }
        for node in package.classes(*names)
        if any("Enum" in ast.unparse(base) for base in node.bases)
    }


def arguments(node: ast.ClassDef, words: Words) -> Arguments:
    """The fields that a class declares itself and that its constructor takes; `words` are the enums."""
    found: Arguments = {}
    for name, line in fields(node):
        given = options(line.value)
        kinds, choices = _type(line.annotation, words)
        choices = choices or _choices(given, words)
        argument: dict[str, Any] = {"type": [kind for kind in KINDS if kind in kinds or "any" in kinds]}
        default = given.get("default", given.get("default_factory"))
        if default is not None:
            argument["default"] = _default(default, node, words)
        if choices:
            argument["choices"] = choices
        found[name] = argument
    return found


def _type(annotation: ast.expr, words: Words) -> tuple[set[str], list[Any]]:
    """The JSON kinds that an annotation stands for, and its choices."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if isinstance(annotation, ast.BinOp):
        return _union([annotation.left, annotation.right], words)
    if isinstance(annotation, ast.Subscript):
        outer = ast.unparse(annotation.value).rpartition(".")[2]
        inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        if outer == "Literal":
            values = [ast.literal_eval(each) for each in inner]
            return {_kind_of(value) for value in values}, values
        if outer in ("Union", "Optional"):
            kinds, choices = _union(inner, words)
            return kinds | ({"null"} if outer == "Optional" else set()), choices
        if outer in ("list", "List"):
            return {"array"}, _type(inner[0], words)[1]
        return {_KINDS[outer]}, []
    name = ast.unparse(annotation).rpartition(".")[2]
    if name in words:
        return {"string"}, [*words[name].values()]
    if name.endswith("Option"):  # of a package's older release, elsewhere
        return {"string"}, []
    return {_KINDS.get(name, "object")}, []


def _union(parts: list[ast.expr], words: Words) -> tuple[set[str], list[Any]]:
    kinds: set[str] = set()
    choices: list[Any] = []
    for part in parts:
        more, values = _type(part, words)
        kinds |= more
        choices += values
    # Beside any text, false is no choice but one more type.
    return kinds, [choice for choice in choices if isinstance(choice, str) or "string" not in kinds]


def _kind_of(value: object) -> str:
    return _KINDS[type(value).__name__] if value is not None else "null"


def _choices(given: dict[str, ast.expr], words: Words) -> list[Any]:
    """The choices in a field's metadata."""
    metadata = given.get("metadata")
    if not isinstance(metadata, ast.Dict):
        return []
    for key, value in zip(metadata.keys, metadata.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == "choices":
            if ast.unparse(value) == "trainer_log_levels.keys()":
                return [*words["trainer_log_levels"]]
            return list(ast.literal_eval(value))
    return []


def _default(value: ast.expr, owner: ast.ClassDef, words: Words) -> Any:
    """A default as JSON; `{"one_of": […]}` where it depends on what is installed."""
    text = ast.unparse(value)
    if text in ("list", "dict"):
        return [] if text == "list" else {}
    if isinstance(value, ast.Lambda):
        return _default(value.body, owner, words)
    if isinstance(value, ast.IfExp):
        return {"one_of": [_default(value.body, owner, words), _default(value.orelse, owner, words)]}
    if isinstance(value, ast.Name):
        # A name that the class body binds, once or by what is installed.
        bound = [
            line.value
            for line in ast.walk(owner)
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == text
        ]
        values = [_default(each, owner, words) for each in bound]
        return values[0] if len(values) == 1 else {"one_of": values}
    if isinstance(value, ast.Attribute) and text.partition(".")[0] in words:
        return words[text.partition(".")[0]][text.partition(".")[2]]
    try:
        default = ast.literal_eval(value)
    except ValueError:
        return {"one_of": []}  # what only the running program knows
    return list(default) if isinstance(default, tuple) else default


def keys_of(package: Package, name: str, modules: list[str]) -> list[str]:
    """The keys under which code reads a mapping called `name`: `.get`, `.pop`, `.setdefault`, `[…]`, `in`."""
    found = set()
    for module in modules:
        for node in ast.walk(package.tree(module)):
            holder: ast.expr | None = None
            key: ast.expr | None = None
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                if node.func.attr in ("get", "pop", "setdefault"):
                    holder, key = node.func.value, node.args[0]
            elif isinstance(node, ast.Subscript):
                holder, key = node.value, node.slice
            elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
                holder, key = node.comparators[0], node.left
            if holder is not None and key is not None and ast.unparse(holder).rpartition(".")[2] == name:
                found |= {*_words(key, package.tree(module))}
    return sorted(found)


def _words(key: ast.expr, tree: ast.Module) -> list[str]:
    """A constant key, or those that a loop `for key in ["…", "…"]` goes through."""
    if isinstance(key, ast.Constant):
        return [key.value] if isinstance(key.value, str) else []
    loops = [
        node.iter for node in ast.walk(tree) if isinstance(node, ast.For) and ast.dump(node.target) == _stored(key)
    ]
    return [
        each.value
        for loop in loops
        if isinstance(loop, ast.List)
        for each in loop.elts
        if isinstance(each, ast.Constant)
    ]


def _stored(name: ast.expr) -> str:
    return ast.dump(name).replace("Load()", "Store()")


def mapping(package: Package, module: str, name: str) -> dict[ast.expr, ast.expr]:
    """A module's constant mapping."""
    for line in package.tree(module).body:
        if (
            isinstance(line, ast.Assign)
            and ast.unparse(line.targets[0]) == name
            and isinstance(line.value, ast.Dict)
        ):
            return {key: value for key, value in zip(line.value.keys, line.value.values, strict=True) if key}
    return {}


def parameters(package: Package, module: str, function: str) -> Arguments:
    """What a function takes by name, with defaults; `**` among them where it takes anything."""
    for node in package.tree(module).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return {
                name: {"default": ast.literal_eval(default)} if default else {}
                for name, default in _parameters(node)
            }
    return {}


def keywords(node: ast.ClassDef) -> Arguments:
    """What a class is constructed with, by name, those that a decorator renames among them; `**` where it takes
    anything."""
    found: Arguments = {}
    for function in node.body:
        if isinstance(function, ast.FunctionDef) and function.name == "__init__":
            found |= {name: {} for name, _ in _parameters(function) if name != "self"}
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "deprecate_kwarg":
                    found[ast.literal_eval(decorator.args[0])] = {}
    return found


def _parameters(node: ast.FunctionDef) -> Iterator[tuple[str, ast.expr | None]]:
    held = node.args
    defaults = [None] * (len(held.args) - len(held.defaults)) + [*held.defaults, *held.kw_defaults]
    yield from zip((name.arg for name in held.args + held.kwonlyargs), defaults, strict=True)
    if held.kwarg:
        yield "**", None
