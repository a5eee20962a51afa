"""A YAML or JSON text as a tree of what stands in it, and such a tree as text again.

PyYAML's own dumper writes what is right; here keys can stand twice, an alias can come before its anchor, and a
scalar holds the characters of the file, not a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Literal, NamedTuple

import yaml

RAW = "raw"
_JSON_WORD = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


@dataclass(slots=True)
class Node:
    """`text` is what a scalar says or an alias names; `style` is a scalar's: "" for plain, the sign that it starts
    with: ' " | >, or RAW for text that is written as it is, whatever it holds."""

    kind: Literal["scalar", "list", "map", "alias"]
    text: str = ""
    style: str = ""
    items: list[Node] = field(default_factory=list)
    entries: list[tuple[Node, Node]] = field(default_factory=list)
    anchor: str = ""
    tag: str = ""


class Form(NamedTuple):
    """How a tree is written: `flow` is how likely a collection is in braces."""

    json: bool = False
    flow: float = 0.3
    step: str = "  "


def scalar(text: str, style: str = "") -> Node:
    return Node("scalar", text, style)


def listed(*items: Node) -> Node:
    return Node("list", items=list(items))


def mapped(**entries: Node) -> Node:
    return Node("map", entries=[(scalar(name), value) for name, value in entries.items()])


def parse(text: str) -> Node | None:
    """The tree of a text; None of one that PyYAML cannot read, or that is empty."""
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        return _taken(root, 0) if root else None
    except (yaml.YAMLError, RecursionError):
        return None


def _taken(node: yaml.Node, depth: int) -> Node:
    if depth > 200:
        raise RecursionError
    if isinstance(node, yaml.MappingNode):
        pairs = [(_taken(key, depth + 1), _taken(value, depth + 1)) for key, value in node.value]
        return Node("map", entries=pairs)
    if isinstance(node, yaml.SequenceNode):
        return Node("list", items=[_taken(item, depth + 1) for item in node.value])
    return scalar(node.value, node.style or "")


def copied(node: Node) -> Node:
    entries = [(copied(key), copied(value)) for key, value in node.entries]
    items = [copied(item) for item in node.items]
    return Node(node.kind, node.text, node.style, items, entries, node.anchor, node.tag)


def entry(node: Node, *path: str) -> Node | None:
    """What stands in a mapping under some keys, the last where one stands twice."""
    for name in path:
        found = [value for key, value in node.entries if key.text == name]
        if not found:
            return None
        node = found[-1]
    return node


def set_entry(node: Node, name: str, value: Node) -> None:
    """Put a value under a key of a mapping, in the place of the one there, if any."""
    node.entries = [(key, old) for key, old in node.entries if key.text != name]
    node.entries.append((scalar(name), value))


class Slot(NamedTuple):
    """A place of a value in a tree; the key is None in a list."""

    parent: Node
    index: int
    key: Node | None
    value: Node

    def put(self, value: Node) -> None:
        if self.key is None:
            self.parent.items[self.index] = value
        else:
            self.parent.entries[self.index] = self.key, value

    def remove(self) -> None:
        del (self.parent.items if self.key is None else self.parent.entries)[self.index]


def slots(root: Node) -> Iterator[Slot]:
    """All places below a root, those of collections before those in them."""
    for index, item in enumerate(root.items):
        yield Slot(root, index, None, item)
        yield from slots(item)
    for index, (key, value) in enumerate(root.entries):
        yield Slot(root, index, key, value)
        yield from slots(value)


def emit(root: Node, rng: Random, form: Form) -> str:
    """The tree as text."""
    if form.json:
        return _json(root, "", form) + "\n"
    if root.kind == "map" and root.entries:
        return _properties(root).lstrip() + ("\n" if _properties(root) else "") + _block(root, "", rng, form) + "\n"
    return _after(root, "", rng, form).lstrip(" ") + "\n"


def _properties(node: Node) -> str:
    return (f" &{node.anchor}" if node.anchor else "") + (f" {node.tag}" if node.tag else "")


def _after(node: Node, indent: str, rng: Random, form: Form) -> str:
    """What follows a colon or a hyphen."""
    children = node.items or node.entries
    if children and rng.random() >= form.flow:
        return f"{_properties(node)}\n{_block(node, indent + form.step, rng, form)}"
    if node.style in ("|", ">"):
        lines = [f"{indent}{form.step}{line}" if line else "" for line in node.text.split("\n")]
        return f"{_properties(node)} {node.style}\n" + "\n".join(lines)
    return " " + _flow(node)


def _block(node: Node, indent: str, rng: Random, form: Form) -> str:
    lines = [f"{indent}-{_after(item, indent, rng, form)}" for item in node.items]
    for key, value in node.entries:
        after = _after(value, indent, rng, form)
        complex_key = key.kind in ("list", "map")
        lines.append(f"{indent}? {_flow(key)}\n{indent}:{after}" if complex_key else f"{indent}{_key(key)}:{after}")
    return "\n".join(lines)


def _key(key: Node) -> str:
    return _flow(key) + (" " if key.kind == "alias" else "")


def _flow(node: Node) -> str:
    if node.kind == "alias":
        return f"*{node.text}"
    if node.kind == "list":
        text = "[" + ", ".join(map(_flow, node.items)) + "]"
    elif node.kind == "map":
        text = "{" + ", ".join(f"{_key(key)}: {_flow(value)}" for key, value in node.entries) + "}"
    elif node.style == "'":
        text = "'" + node.text.replace("'", "''") + "'"
    else:
        text = node.text if node.style in ("", RAW) else json.dumps(node.text, ensure_ascii=False)
    return f"{_properties(node)} {text}".lstrip()


def _json(node: Node, indent: str, form: Form) -> str:
    inner = indent + form.step
    if node.kind == "list":
        lines = [inner + _json(item, inner, form) for item in node.items]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]" if lines else "[]"
    if node.kind == "map":
        lines = [f"{inner}{json.dumps(key.text)}: {_json(value, inner, form)}" for key, value in node.entries]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}" if lines else "{}"
    is_word = node.style == "" and _JSON_WORD.fullmatch(node.text)
    return node.text if is_word or node.style == RAW else json.dumps(node.text)
