"""A document's dialect to a Spec. A new dialect is a module and a line here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from configlint.core.diagnostic import Diagnostic
from configlint.core.dialect import Dialect, Root
from configlint.core.document import Mapping, Node
from configlint.core.regex import regex
from configlint.core.source import CODE, Source, is_code
from configlint.core.spec import Lowered
from configlint.core.typing import Protocol
from configlint.frontends import own_script, spec, training_arguments
from configlint.frontends.others import OTHERS
from configlint.syntax import read

_ROOT_KEY = r"""^["']?(\w+)["']?[ \t]*:"""


class FrontEnd(Protocol):
    """What a dialect's module has."""

    DIALECT: Dialect

    def form(self, document: Node) -> list[Diagnostic]:
        """What is wrong with the form of a document, in the order of the text."""

    def lower(self, documents: list[Mapping], assignments: Sequence[Mapping] = ()) -> Lowered:
        """What a file says, in canonical paths: its bases farthest first, the file itself last; `--set`."""


FRONT_ENDS: dict[str, FrontEnd] = {
    "spec": spec,
    "own_script": own_script,  # whose files could be those of the next
    "training_arguments": training_arguments,
}
# configlint's own, which alone can be compiled.
OWN = FRONT_ENDS["spec"]


def could_be(data: bytes, name: str = "") -> bool:
    """Whether a file is worth parsing, for any dialect: a folder holds other YAML and JSON, and much code."""
    pattern = _calls() if name.endswith(CODE) else _marks()
    return pattern.search(data) is not None


def read_text(source: Source) -> tuple[Node | None, list[Diagnostic]]:
    """The document of a text, in the syntax that its name says, and what is wrong with it."""
    if not is_code(source):
        return read(source)
    from configlint.frontends.calls import functions
    from configlint.frontends.linked import FUNCTIONS
    from configlint.syntax.python import read as read_calls

    return read_calls(source, functions(), FUNCTIONS)


@cache
def _calls() -> re.Pattern[bytes]:
    """The names of the functions that are looked for in code."""
    from configlint.frontends.calls import functions

    return regex(rf"""\b(?:{"|".join(sorted(functions()))})\b""".encode())


@cache
def _marks() -> re.Pattern[bytes]:
    """The words of all dialects, as keys."""
    words = [word for front_end in FRONT_ENDS.values() for word in front_end.DIALECT.marks.words]
    return regex(rf"""["']?\b(?:{"|".join(dict.fromkeys(words))})["']?\s*:""".encode())


def root_of(document: Node | None, text: str) -> Root:
    """The root of a document; where the text cannot be parsed, what looks like its keys."""
    if isinstance(document, Mapping) and is_code(document.span.source):
        return Root(frozenset(document.entries), calls=True)
    if isinstance(document, Mapping):
        sections = {
            key: value.entries for key, (_, value) in document.entries.items() if isinstance(value, Mapping)
        }
        below = (f"{section}.{key}" for section, entries in sections.items() for key in entries)
        return Root(frozenset(document.entries), frozenset(sections), frozenset(below))
    return Root(
        frozenset(re.findall(_ROOT_KEY, text, re.MULTILINE) if document is None and "\0" not in text else ())
    )


def of_root(root: Root) -> FrontEnd | None:
    """The dialect of a file with this root; None where it is nobody's, or that of a tool whose files are not read
    yet."""
    if OWN.DIALECT.marks.fit(root) and not root.calls:
        return OWN
    if tool_of(root):
        return None
    return next((each for each in FRONT_ENDS.values() if each.DIALECT.marks.fit(root)), None)


def tool_of(root: Root) -> str | None:
    """The tool whose files have such keys, of those that are not read yet."""
    return next((tool for tool, fits in OTHERS.items() if fits(root.keys)), None)
