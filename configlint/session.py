"""The files of one run, and the plans that they make."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from configlint import knowledge
from configlint.diagnostic import Diagnostic, Severity
from configlint.document import Entry, Mapping, Node, Scalar
from configlint.files import could_be_spec, decode, is_meant_as_spec, read_bytes, walk
from configlint.frontends import FRONT_ENDS, FrontEnd
from configlint.plan import Plan
from configlint.solver import solve
from configlint.source import Source, Span
from configlint.syntax import read, validate
from configlint.wording import Suggestions, nearest

# Where each file extends the one before, all of them are merged for the last: nobody has so many layers.
_MOST_BASES = 100
_MOST_NEAR = 100


class UsageError(Exception):
    """What was asked for cannot be done: a line for stderr, exit code 2."""


class Parsed(NamedTuple):
    """A file: its document, None where there is no reading it, and what is wrong with its form."""

    source: Source
    document: Node | None
    diagnostics: list[Diagnostic]

    @property
    def front_end(self) -> FrontEnd | None:
        return next((front_end for front_end in FRONT_ENDS.values() if front_end.detect(self.document)), None)


class Loaded(NamedTuple):
    """A spec with all that it extends, as plans; none where a file of it cannot be read, or where
    it is a base, which has no batch."""

    plans: list[Plan]
    diagnostics: list[Diagnostic]
    is_base: bool = False


class Session:
    """The files of one run; each is read and parsed once, however many specs extend it."""

    def __init__(self, assignments: Iterable[str] = ()) -> None:
        self.parsed: dict[str, Parsed] = {}
        self.forms: dict[Source, list[Diagnostic]] = {}
        self.near: dict[str, str | None] = {}
        self.assignments = [_assignment(text) for text in assignments]

    def parse(self, path: str, data: bytes | None = None) -> Parsed:
        """Raises:
        OSError: there is no reading the file.
        """
        if path not in self.parsed:
            source = decode(path, read_bytes(path) if data is None else data)
            if isinstance(source, Diagnostic):
                self.parsed[path] = Parsed(source.span.source, None, [source])
            else:
                document, diagnostics = read(source)
                self.parsed[path] = Parsed(source, document, diagnostics)
        return self.parsed[path]

    def editable(self, paths: Sequence[str]) -> dict[str, Node]:
        """The documents that were read whole, by the names of their files, of those that paths name or folders
        hold: a base elsewhere is another's."""
        places = {os.path.abspath(path) for path in paths}
        return {
            name: file.document
            for name, file in self.parsed.items()
            if file.document is not None and not file.diagnostics and _is_at(os.path.abspath(name), places)
        }

    def edited(self, texts: dict[str, str]) -> Session:
        """The session as it would be if some of its files had other texts."""
        session = Session()
        session.assignments, session.forms = self.assignments, dict(self.forms)
        session.parsed = dict(self.parsed)
        for name, text in texts.items():
            source = Source(name, text)
            session.parsed[name] = Parsed(source, *read(source))
        return session

    def load(self, file: Parsed, front_end: FrontEnd) -> Loaded:
        """The plans of a spec, and what is wrong with its form and that of its bases."""
        documents, diagnostics = self._chain(file, front_end)
        for document in [*documents, *self.assignments]:
            diagnostics += self._form(document)
        if len(documents) == 0:
            return Loaded([], diagnostics)
        targets = front_end.target_names(documents)
        lowered = front_end.lower_each(documents, (None, *targets), self.assignments)
        bare = next(lowered)
        if found := front_end.too_many(documents, bare):
            return Loaded([], [*diagnostics, found])
        others = list(lowered)
        specs = [bare, *others] if "hardware" in bare.settings or not others else others
        plans = [solve(spec, knowledge) for spec in specs if "batch" in spec.settings]
        # What the targets must keep: the bare spec's batch, even where it is no plan itself, or the first known.
        first = plans if specs[0] is bare else [solve(bare, knowledge), *plans]
        reference = next((plan.batch.effective for plan in first if plan.batch.effective), None)
        near = Suggestions()
        plans = [plan._replace(reference=reference, nearest=near) for plan in plans]
        return Loaded(plans, diagnostics, is_base=not plans)

    def _form(self, document: Mapping) -> list[Diagnostic]:
        """What is wrong with the form of a document, looked at once for all that extend it."""
        source = document.span.source
        if source not in self.forms:
            self.forms[source] = validate(document)
        return self.forms[source]

    def _chain(self, file: Parsed, front_end: FrontEnd) -> tuple[list[Mapping], list[Diagnostic]]:
        """The documents of a file and its bases, farthest first; none where one cannot be read."""
        documents: list[Mapping] = []
        diagnostics = list(file.diagnostics)
        seen = [os.path.abspath(file.source.name)]
        while True:
            if not isinstance(file.document, Mapping):
                return [], diagnostics
            documents.insert(0, file.document)
            base = front_end.base(file.document)
            if base is None:
                return documents, diagnostics
            path = os.path.normpath(os.path.join(os.path.dirname(file.source.name), base.raw))
            if os.path.abspath(path) in seen:
                message = f"{path} extends itself" if len(seen) == 1 else f"{path} extends this file in turn"
                return [], [*diagnostics, _syntax("base-cycle", message, base.span)]
            if len(seen) > _MOST_BASES:
                message = f"{file.source.name} is the base number {_MOST_BASES}, and extends another"
                return [], [*diagnostics, _syntax("too-many-bases", message, base.span)]
            seen.append(os.path.abspath(path))
            try:
                file = self.parse(path)
            except (OSError, ValueError) as error:  # the latter for a null byte in the name
                found = _syntax("missing-base", f"{path}: {reason(error)}", base.span)
                return [], [*diagnostics, found._replace(help=self._file_near(path))]
            diagnostics += file.diagnostics
            # Of one that cannot be parsed, it is said why.
            if not isinstance(file.document, Mapping) and (file.document or not file.diagnostics):
                return [], [*diagnostics, _syntax("base", f"{path} is no spec", base.span)]

    def _file_near(self, path: str) -> str | None:
        """What somebody most likely meant by the name of a file that is not there; of a run's first such names, as
        each is compared with all files of a folder."""
        if path not in self.near and len(self.near) < _MOST_NEAR:
            self.near[path] = _file_near(path)
        return self.near.get(path)


def _is_at(name: str, places: set[str]) -> bool:
    """Whether a file is one of some places, or below one."""
    while name not in places:
        above = os.path.dirname(name)
        if above == name:
            return False
        name = above
    return True


def selected(plans: list[Plan], target: str | None) -> list[Plan]:
    """All plans, or that of the target.

    Raises:
        UsageError: there is no such target.
    """
    chosen = [plan for plan in plans if target in (None, plan.spec.target)]
    if plans and not chosen:
        names = ", ".join(plans[0].spec.targets)
        raise UsageError(f"there is no target {target}: {'there are ' + names if names else 'the spec has none'}")
    return chosen


def one(plans: list[Plan], target: str | None) -> Plan:
    """The plan that a command works on: the target's, or the bare spec's.

    Raises:
        UsageError: it is not clear which.
    """
    chosen = selected(plans, target)
    if target is None and chosen[0].spec.target is not None:
        raise UsageError(f"choose one with --target: {', '.join(chosen[0].spec.targets)}")
    return chosen[0]


def load_one(path: str, session: Session) -> Loaded:
    """The spec that a command names.

    Raises:
        UsageError: it cannot be read, is no spec, or is a base.
    """
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder: name a spec in it")
    unreadable: list[str] = []
    for file, front_end in specs([path], session, unreadable):
        loaded = session.load(file, front_end) if front_end else Loaded([], file.diagnostics)
        if loaded.is_base and not any(found.severity is Severity.ERROR for found in loaded.diagnostics):
            raise UsageError(f"{path} is a base: it has no batch, and can only be extended")
        return loaded
    raise UsageError(unreadable[0])


def specs(
    paths: Iterable[str], session: Session, unreadable: list[str]
) -> Iterator[tuple[Parsed, FrontEnd | None]]:
    """The specs that paths name or folders hold, each once; the front end is None for one with no
    reading it."""
    seen: set[str] = set()
    for path in paths:
        named = not os.path.isdir(path)
        # Bases are known by such names too, and a file that is both must have one.
        for name in [os.path.normpath(path)] if named else walk(path):
            if name in seen:
                continue
            seen.add(name)
            try:
                data = session.parsed[name] if name in session.parsed else read_bytes(name)
            except OSError as error:
                unreadable.append(f"{name}: {reason(error)}")
                continue
            if isinstance(data, bytes) and not named and not could_be_spec(data):
                continue
            file = session.parse(name, data) if isinstance(data, bytes) else data
            if front_end := file.front_end:
                yield file, front_end
            elif file.document is None and file.diagnostics and (named or is_meant_as_spec(file.source)):
                yield file, None
            elif named:
                unreadable.append(f"{name} is no spec: it has none of configlint, batch and hardware at its root")


def _assignment(text: str) -> Mapping:
    """`PATH=VALUE` as a document of its own, so that what is wrong with it has a place.

    Raises:
        UsageError: it has no path or no readable value, or its path is none that can be set.
    """
    path, equals, value = text.partition("=")
    names = path.split(".")
    if not equals or not all(names):
        raise UsageError(f"--set {text}: write PATH=VALUE, such as batch.effective=64")
    if names[0] in ("extends", "targets", "configlint"):
        raise UsageError(f"--set {text}: `{names[0]}` is read before anything is set")
    source = Source("--set", text)
    # Blanks in place of the path keep the columns.
    node, problems = read(source, " " * (len(path) + 1) + value)
    if problems:
        raise UsageError(f"--set {text}: {problems[0].message}")
    end = len(path) + 1
    node = node or Scalar(None, "", False, Span(source, 1, 1, 1, end))
    for name in reversed(names):
        key = Span(source, 1, end - len(name), 1, end)
        node = Mapping({name: Entry(Scalar(name, name, False, key), node)}, Span(source, 1, 1, 1, end))
        end -= len(name) + 1
    assert isinstance(node, Mapping)
    return node


def _syntax(defect: str, message: str, span: Span) -> Diagnostic:
    return Diagnostic(f"syntax/{defect}", Severity.ERROR, message, span)


def _file_near(path: str) -> str | None:
    """What somebody most likely meant by the name of a file that is not there."""
    folder, name = os.path.split(path)
    try:
        close = nearest(name, os.listdir(folder or "."))
    except (OSError, ValueError):
        return None
    return f"did you mean {close}?" if close else None


def reason(error: OSError | ValueError) -> str:
    """What the system said, without its number and the name."""
    words = error.strerror if isinstance(error, OSError) else None
    return (words or str(error)).lower()
