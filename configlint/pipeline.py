"""The program in reading order: files to plans, plans to findings or to files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from configlint import backends, knowledge, rules
from configlint.artifact import Artifact
from configlint.diagnostic import Diagnostic, Severity
from configlint.document import Entry, Mapping, Node, Scalar
from configlint.files import could_be_spec, decode, is_meant_as_spec, read_bytes, walk
from configlint.frontends import FRONT_ENDS, FrontEnd
from configlint.lint import Ignore, RuleCrash, ignores, lint, unused
from configlint.plan import Plan
from configlint.source import Source, Span, start_of
from configlint.solver import solve
from configlint.syntax import read, validate
from configlint.wording import listing


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


class Report(NamedTuple):
    """What `check` found: diagnostics in order, what it looked at, and what went wrong on the way."""

    diagnostics: list[Diagnostic]
    specs: int
    plans: int
    suppressed: int
    unreadable: list[str]
    crashes: list[RuleCrash]


class Session:
    """The files of one run; each is read and parsed once, however many specs extend it."""

    def __init__(self, assignments: Iterable[str] = ()) -> None:
        self.parsed: dict[str, Parsed] = {}
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

    def load(self, file: Parsed, front_end: FrontEnd) -> Loaded:
        """The plans of a spec, and what is wrong with its form and that of its bases."""
        documents, diagnostics = self._chain(file, front_end)
        diagnostics = [*diagnostics, *(found for document in documents for found in validate(document))]
        diagnostics += [found for assignment in self.assignments for found in validate(assignment)]
        if len(documents) == 0:
            return Loaded([], diagnostics)
        targets = front_end.target_names(documents)
        bare, *others = [front_end.lower(documents, name, self.assignments) for name in (None, *targets)]
        specs = [bare, *others] if "hardware" in bare.settings or not others else others
        reference = solve(bare, knowledge).batch.effective
        plans = []
        for plan in (solve(spec, knowledge) for spec in specs if "batch" in spec.settings):
            reference = plan.batch.effective if reference is None else reference
            plans.append(plan._replace(reference=reference))
        return Loaded(plans, diagnostics, is_base=not plans)

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
            seen.append(os.path.abspath(path))
            try:
                file = self.parse(path)
            except OSError as error:
                return [], [*diagnostics, _syntax("missing-base", f"{path}: {_reason(error)}", base.span)]
            diagnostics += file.diagnostics
            if file.document is not None and not isinstance(file.document, Mapping):
                return [], [*diagnostics, _syntax("base", f"{path} is no spec", base.span)]


def check(paths: Iterable[str], session: Session, target: str | None = None) -> Report:
    """Lint files and folders."""
    found: dict[tuple[object, ...], Diagnostic] = {}
    comments: list[Ignore] = []
    unreadable: list[str] = []
    crashes: list[RuleCrash] = []
    specs = plans = 0
    for file, front_end in _specs(paths, session, unreadable):
        if front_end is None:
            loaded = Loaded([], file.diagnostics)
        else:
            loaded = session.load(file, front_end)
        specs += 1
        plans += len(loaded.plans)
        diagnostics, failed = judge(selected(loaded.plans, target, required=False))
        crashes += failed
        for diagnostic in [*loaded.diagnostics, *diagnostics]:
            found.setdefault((diagnostic.rule, diagnostic.message, *_place(diagnostic.span)), diagnostic)
        if loaded.plans and target is None and isinstance(file.document, Mapping):
            comments += ignores(file.document)
    everything = list(found.values())
    kept, suppressed = without_ignored(everything, session)
    kept += unused(comments, everything, rules.rule_names())
    return Report(in_order(kept), specs, plans, suppressed, unreadable, crashes)


class Compiled(NamedTuple):
    """What `compile` made: a folder and its files for each plan, or, with an error among the
    diagnostics or a refusal, none."""

    plans: list[Plan]
    folders: dict[str, list[Artifact]]
    diagnostics: list[Diagnostic]
    crashes: list[RuleCrash]
    refusal: str | None = None


def compile_plans(loaded: Loaded, plans: list[Plan], session: Session, output: str) -> Compiled:
    """The files of plans of one spec, for a folder; those of a target for a folder in that."""
    found, crashes = judge(plans)
    kept, _ = without_ignored([*loaded.diagnostics, *found], session)
    diagnostics = in_order(kept)
    if crashes or any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        return Compiled(plans, {}, diagnostics, crashes)
    folders: dict[str, list[Artifact]] = {}
    for plan in plans:
        name = f"{plan.spec.target}: " if plan.spec.target else ""
        if refusal := backends.not_yet(plan):
            return Compiled(plans, {}, diagnostics, crashes, name + refusal)
        folder = os.path.join(output, plan.spec.target) if plan.spec.target else output
        folders[folder] = backends.emit(plan._replace(launch=plan.launch._replace(output=folder)))
    return Compiled(plans, folders, diagnostics, crashes)


def verified(compiled: Compiled, ask: bool) -> tuple[list[Diagnostic], list[str], bool]:
    """What the installed transformers refuses; lines that say by what the JSON was validated and what
    could not be; and whether all of it was."""
    if not ask:
        return [], ["validated by configlint alone"], False
    from configlint.backends.training_args import arguments
    from configlint.verify import verify

    verdicts = verify(compiled.plans, [arguments(plan) for plan in compiled.plans])
    diagnostics = [found for verdict in verdicts for found in verdict.diagnostics]
    by = dict.fromkeys(verdict.by for verdict in verdicts if verdict.by)
    accelerators = dict.fromkeys(
        plan.hardware.accelerator_name or ""
        for plan, verdict in zip(compiled.plans, verdicts, strict=True)
        if verdict.by
    )
    lines = [f"accepted by {name}, as on {listing(accelerators)}" for name in by]
    unverified = dict.fromkeys(reason for verdict in verdicts for reason in verdict.unverified)
    lines += [f"not verified: {reason}" for reason in unverified]
    return diagnostics, lines, not unverified


def written(compiled: Compiled) -> str:
    """The summary of what was written: the arithmetic, the files, what to run."""
    names = [plan.spec.target or os.path.basename(plan.spec.source.name) for plan in compiled.plans]
    products = [
        f"{plan.batch.trained} = {plan.batch.per_device} x {plan.batch.accumulation} x {plan.parallel.replicas}"
        for plan in compiled.plans
    ]
    width, product_width = max(map(len, names)), max(map(len, products))
    lines = [
        f"{name:{width}}  {product:{product_width}}  {_machine(plan)}"
        for name, product, plan in zip(names, products, compiled.plans, strict=True)
    ]
    lines += [
        f"{folder}: {' '.join(artifact.name for artifact in artifacts)}"
        for folder, artifacts in compiled.folders.items()
    ]
    artifacts = [artifact for artifacts in compiled.folders.values() for artifact in artifacts]
    lines += dict.fromkeys(f"{artifact.name}: {artifact.note}" for artifact in artifacts if artifact.note)
    scripts = [
        f"bash {os.path.join(folder, artifact.name)}"
        for folder, artifacts in compiled.folders.items()
        for artifact in artifacts
        if artifact.executable
    ]
    if scripts:
        lines.append(f"run: {', or '.join(scripts)}")
    return "".join(f"{line}\n" for line in lines)


def _machine(plan: Plan) -> str:
    hardware, parallel = plan.hardware, plan.parallel
    tensor = f", tensor {parallel.tensor}" if parallel.tensor != 1 else ""
    return (
        f"{hardware.nodes} x {hardware.devices_per_node} {hardware.accelerator_name}, {parallel.data}{tensor}"
    )


def judge(plans: list[Plan]) -> tuple[list[Diagnostic], list[RuleCrash]]:
    """What the rules say of the plans of one spec; what is the same in several is said once."""
    merged: dict[tuple[object, ...], Diagnostic] = {}
    crashes: list[RuleCrash] = []
    for plan in plans:
        diagnostics, failed = lint(plan, rules.for_plan(plan))
        crashes += failed
        for diagnostic in diagnostics:
            key = (diagnostic.rule, diagnostic.message, *_place(diagnostic.span))
            if key in merged:
                diagnostic = merged[key]._replace(targets=merged[key].targets + diagnostic.targets)
            merged[key] = diagnostic
    names = {plan.spec.target for plan in plans if plan.spec.target}
    return [
        diagnostic._replace(all_targets=len(names) > 1 and set(diagnostic.targets) == names)
        for diagnostic in merged.values()
    ], crashes


def without_ignored(diagnostics: list[Diagnostic], session: Session) -> tuple[list[Diagnostic], int]:
    """The diagnostics that no comment of any file ignores, and how many one does."""
    documents = [file.document for file in session.parsed.values() if file.document is not None]
    comments = [ignore for document in documents for ignore in ignores(document)]
    kept = [
        diagnostic
        for diagnostic in diagnostics
        if diagnostic.rule.startswith(("syntax/", "schema/"))
        or not any(ignore.covers(diagnostic) for ignore in comments)
    ]
    return kept, len(diagnostics) - len(kept)


def in_order(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    return sorted(
        diagnostics, key=lambda diagnostic: (*_place(diagnostic.span), diagnostic.rule, diagnostic.message)
    )


def selected(plans: list[Plan], target: str | None, required: bool = True) -> list[Plan]:
    """All plans, or that of the target.

    Raises:
        UsageError: it is required, and there is no such target.
    """
    if target is None:
        return plans
    chosen = [plan for plan in plans if plan.spec.target == target]
    if required and not chosen:
        names = ", ".join(plans[0].spec.targets) if plans else ""
        raise UsageError(f"there is no target {target}" + (f": there are {names}" if names else ""))
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
        UsageError: it cannot be read, or is no spec.
    """
    unreadable: list[str] = []
    for file, front_end in _specs([path], session, unreadable):
        return session.load(file, front_end) if front_end else Loaded([], file.diagnostics)
    raise UsageError(unreadable[0] if unreadable else f"{path} is a folder")


def _specs(
    paths: Iterable[str], session: Session, unreadable: list[str]
) -> Iterator[tuple[Parsed, FrontEnd | None]]:
    """The specs that paths name or folders hold; the front end is None for one with no reading it."""
    for path in paths:
        named = not os.path.isdir(path)
        for name in [path] if named else walk(path):
            try:
                data = session.parsed[name] if name in session.parsed else read_bytes(name)
            except OSError as error:
                unreadable.append(f"{name}: {_reason(error)}")
                continue
            if isinstance(data, bytes) and not named and not could_be_spec(data):
                continue
            file = session.parse(name, data) if isinstance(data, bytes) else data
            if front_end := file.front_end:
                yield file, front_end
            elif file.document is None and file.diagnostics and (named or is_meant_as_spec(file.source)):
                yield file, None
            elif named:
                unreadable.append(
                    f"{name} is no spec: it has none of configlint, batch and hardware at its root"
                )


def _assignment(text: str) -> Mapping:
    """`PATH=VALUE` as a document of its own, so that what is wrong with it has a place.

    Raises:
        UsageError: it has no path or no readable value, or its path is none that can be set.
    """
    path, equals, value_text = text.partition("=")
    source = Source("--set", text)
    if not equals or not all(path.split(".")):
        raise UsageError(f"--set {text}: write PATH=VALUE, such as batch.effective=64")
    if path.split(".")[0] in ("extends", "targets", "configlint"):
        raise UsageError(f"--set {text}: `{path.split('.')[0]}` is read before anything is set")
    # Blanks in place of the path keep the columns.
    value, problems = read(Source("--set", " " * (len(path) + 1) + value_text))
    if problems:
        raise UsageError(f"--set {text}: {problems[0].message}")
    node: Node = value or Scalar(None, "", False, Span(source, 1, len(path) + 2, 1, len(path) + 2))
    span = Span(source, 1, 1, 1, len(path) + 1)
    for name in reversed(path.split(".")):
        node = Mapping({name: Entry(Scalar(name, name, False, span), node)}, span)
    assert isinstance(node, Mapping)
    return node


def _place(span: Span) -> tuple[str, int, int]:
    return span.source.name, span.line, span.column


def _syntax(defect: str, message: str, span: Span) -> Diagnostic:
    return Diagnostic(f"syntax/{defect}", Severity.ERROR, message, span)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
