"""A document's dialect to a Spec. A new dialect is a module and a line here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from configlint.core.diagnostic import Diagnostic
from configlint.core.document import Mapping, Node, Scalar
from configlint.core.spec import Spec
from configlint.frontends import spec


class FrontEnd(Protocol):
    """What a dialect's module has."""

    def detect(self, document: Node | None) -> bool:
        """Whether the document is of this dialect."""

    def could_be(self, data: bytes) -> bool:
        """Whether it is worth parsing to find out."""

    def is_meant(self, text: str) -> bool:
        """Whether a text that cannot be parsed would be of this dialect if it could."""

    def can_be_base(self, document: Node | None, text: str) -> bool:
        """Whether a file of this dialect can start from the document; None where the text cannot be parsed."""

    def form(self, document: Node) -> list[Diagnostic]:
        """What is wrong with the form of a document, in the order of the text."""

    def base(self, document: Mapping) -> Scalar | None:
        """The value that names the file it starts from, if it does."""

    def target_names(self, documents: list[Mapping]) -> tuple[str, ...]:
        """The targets of a file and its bases, in the order that they appear."""

    def too_many(self, documents: list[Mapping], bare: Spec) -> Diagnostic | None:
        """What is said where a spec has more targets than are looked at; `bare` is the one without a target."""

    def lower_each(
        self, documents: list[Mapping], targets: Iterable[str | None], assignments: list[Mapping]
    ) -> Iterator[Spec]:
        """The merged spec of each target: bases farthest first, the file itself last; the target, or with None no
        one; `--set`."""


# In the order of detection.
FRONT_ENDS: dict[str, FrontEnd] = {"spec": spec}


def of_document(document: Node | None) -> FrontEnd | None:
    """The dialect of a document."""
    return next((front_end for front_end in FRONT_ENDS.values() if front_end.detect(document)), None)


def could_be(data: bytes) -> bool:
    """Whether a file is worth parsing, for any dialect."""
    return any(front_end.could_be(data) for front_end in FRONT_ENDS.values())


def is_meant(text: str) -> bool:
    """Whether a text that cannot be parsed would be of some dialect if it could."""
    return any(front_end.is_meant(text) for front_end in FRONT_ENDS.values())
