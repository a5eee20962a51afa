"""The values of a document as a dialect's loader reads them."""

from __future__ import annotations

from configlint.core.document import Entry, Mapping, Node, Scalar
from configlint.core.typing import Any
from configlint.core.values import AT_RUNTIME
from configlint.syntax.scalars import resolve_1_1

_TRUE = frozenset(["yes", "true", "t", "y", "1"])
_FALSE = frozenset(["no", "false", "f", "n", "0"])


def value_of(node: Node, scalars: str) -> object:
    """The node as dicts, lists and scalars; `scalars` is how plain ones are read, as in `Reader`."""
    if isinstance(node, Scalar):
        return resolve_1_1(node.raw) if scalars == "yaml-1.1" and not node.quoted else node.value
    if isinstance(node, Mapping):
        return {key: value_of(entry.value, scalars) for key, entry in node.entries.items()}
    return [value_of(item, scalars) for item in node.items]


def seen(node: Node) -> object:
    """The value of a node in code; `AT_RUNTIME` where some part of it is only known then."""
    found = value_of(node, "python")
    return AT_RUNTIME if _is_computed(found) else found


def _is_computed(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_is_computed, value.values()))
    if isinstance(value, list):
        return any(map(_is_computed, value))
    return value is AT_RUNTIME


def below(mapping: Mapping, key: str) -> dict[str, Entry]:
    """The entries of a mapping in a mapping; none where there is none."""
    held = mapping.entries.get(key)
    return held.value.entries if held and isinstance(held.value, Mapping) else {}


def coerced(value: object, facts: dict[str, Any]) -> object:
    """A text as the number or the boolean that an argument wants, where argparse would make one of it; `facts` are
    the argument's over the releases. Source: transformers 5.24 hf_argparser.py, string_to_bool."""
    kinds = {kind for _, held in facts.get("type", ()) for kind in held}
    if not isinstance(value, str) or "string" in kinds:
        return value
    for kind, convert in (("integer", int), ("number", float), ("boolean", _boolean)):
        if kind in kinds:
            try:
                return convert(value)
            except ValueError:
                continue
    return value


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError(text)
