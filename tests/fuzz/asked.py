"""The effective batch that a user asked for, read from the files by another way than the program's own."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import yaml


class _Unsure(Exception):
    """What is written is of a kind that this does not follow: `<<`, null, tokens, odd numbers."""


def effective(files: Mapping[str, bytes], name: str, target: str | None, options: Sequence[str]) -> int | None:
    """`batch.effective` after merging; None where nothing is asked for, or where it is not sure what."""
    try:
        documents = _chain(files, name)
        layers = [_entry(document, "batch") for document in documents]
        if target is not None:
            overlays = [_entry(_entry(document, "targets"), target) for document in documents]
            layers += [_entry(overlay, "batch") for overlay in overlays]
        found = None
        for layer in layers:
            if _entry(layer, "effective_tokens"):
                return None
            value = _entry(layer, "effective")
            found = found if value is None else _number(value.value)
        for option, assignment in pairwise(options):
            path, _, text = assignment.partition("=")
            if option == "--set" and path.startswith("batch"):
                found = _assigned(found, path, text)
    except _Unsure:
        return None
    return found


def _chain(files: Mapping[str, bytes], name: str) -> list[yaml.Node]:
    """The documents of a file and its bases, farthest first."""
    documents: list[yaml.Node] = []
    while len(documents) < 10:
        try:
            documents.insert(0, yaml.compose(files[name].decode("utf-8-sig"), Loader=yaml.CSafeLoader))
        except (KeyError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            raise _Unsure from error
        base = _entry(documents[0], "extends")
        if base is None:
            return documents
        name = os.path.normpath(os.path.join(os.path.dirname(name), str(base.value)))
    raise _Unsure


def _entry(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if node is None:
        return None
    if not isinstance(node, yaml.MappingNode) or any(key.value == "<<" for key, _ in node.value):
        raise _Unsure
    return next((value for key, value in node.value if key.value == name), None)


def _assigned(found: int | None, path: str, text: str) -> int | None:
    if path == "batch.effective":
        return _number(text)
    if path in ("batch.per_device", "batch.accumulation"):
        return found
    raise _Unsure


def _number(text: object) -> int:
    if isinstance(text, str) and re.fullmatch(r"[1-9][0-9]{0,9}", text):
        return int(text)
    raise _Unsure
