"""A document's dialect to a Spec. A new dialect is a module and a line here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from configlint.core.diagnostic import Diagnostic
from configlint.core.dialect import Dialect
from configlint.core.document import Mapping, Node
from configlint.core.spec import Lowered
from configlint.frontends import spec, training_arguments
from configlint.frontends.others import OTHERS

_ROOT_KEY = re.compile(r"""^["']?(\w+)["']?[ \t]*:""", re.MULTILINE)


class FrontEnd(Protocol):
    """What a dialect's module has."""

    DIALECT: Dialect

    def form(self, document: Node) -> list[Diagnostic]:
        """What is wrong with the form of a document, in the order of the text."""

    def lower(self, documents: list[Mapping], assignments: Sequence[Mapping] = ()) -> Lowered:
        """What a file says, in canonical paths: its bases farthest first, the file itself last; `--set`."""


FRONT_ENDS: dict[str, FrontEnd] = {"spec": spec, "training_arguments": training_arguments}
# configlint's own, which alone can be compiled.
OWN = FRONT_ENDS["spec"]

_DIALECTS = [front_end.DIALECT for front_end in FRONT_ENDS.values()]
# A folder holds other YAML and JSON, some of it large: only what could be of a dialect is parsed at all.
_WORD = "|".join(dict.fromkeys(word for dialect in _DIALECTS for word in dialect.marks.words))
_COULD_BE = re.compile(rf"""["']?\b(?:{_WORD})["']?\s*:""".encode())


def could_be(data: bytes) -> bool:
    """Whether a file is worth parsing, for any dialect."""
    return _COULD_BE.search(data) is not None


def root_keys(document: Node | None, text: str) -> frozenset[str]:
    """The keys at the root of a document; where the text cannot be parsed, what looks like one."""
    if document is None:
        return frozenset(_ROOT_KEY.findall(text)) if "\0" not in text else frozenset()
    return frozenset(document.entries) if isinstance(document, Mapping) else frozenset()


def of_keys(keys: frozenset[str]) -> FrontEnd | None:
    """The dialect of a file with these keys at its root; None where it is nobody's, or that of a tool whose files
    are not read yet."""
    if OWN.DIALECT.marks.fit(keys):
        return OWN
    if tool_of(keys):
        return None
    return next((each for each in FRONT_ENDS.values() if each.DIALECT.marks.fit(keys)), None)


def tool_of(keys: frozenset[str]) -> str | None:
    """The tool whose files have such keys, of those that are not read yet."""
    return next((tool for tool, fits in OTHERS.items() if fits(keys)), None)
