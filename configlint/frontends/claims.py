"""What comments claim of the batch, in plain words: `effective batch size 128 on 8 GPUs`.

A claim counts where it names the devices, or nodes beside the GPUs of each that another comment of the file names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.regex import regex
from configlint.core.source import Source
from configlint.core.spec import Claim

_COMMENT = regex(r"#([^#\n]*)")
_BATCH = regex(r"\bbatch(?:[ _-]?size)?\s*(?:of|is|=|:|->|to)?\s*(\d[\d,]*)\b(?!\s*[*x.]\s*\d)", re.IGNORECASE)
_DEVICES = regex(r"\b(\d+)\s*x?\s*(?:gpus?|devices|[abhv]\d{2,3}s?)\b", re.IGNORECASE)
_NODES = regex(r"\b(\d+)\s*nodes?\b", re.IGNORECASE)
# Of another batch: what one device takes, or what is evaluated.
_ANOTHER = regex(r"\b(?:per|each|mini|micro|eval|evaluation|default|max|maximum|up to)\b", re.IGNORECASE)


def claims(source: Source) -> tuple[Claim, ...]:
    """What the comments of a file claim."""
    if "batch" not in source.text.lower():
        return ()
    comments = [match[1] for match in _COMMENT.finditer(source.text)]
    each_node = {int(found[1]) for comment in comments for found in _DEVICES.finditer(comment)}
    return tuple(claim for comment in comments for claim in _claims(comment, each_node))


def _claims(comment: str, each_node: set[int]) -> Iterator[Claim]:
    batches = {int(found[1].replace(",", "")) for found in _BATCH.finditer(comment)}
    devices = [int(found[1]) for found in _DEVICES.finditer(comment)]
    nodes = [int(found[1]) for found in _NODES.finditer(comment)]
    if len(batches) != 1 or len(nodes) > 1 or _ANOTHER.search(comment):
        return
    if not devices and nodes and len(each_node) == 1:
        devices = [*each_node]
    if len(devices) == 1:
        yield Claim(batches.pop(), devices[0] * (nodes[0] if nodes else 1))
