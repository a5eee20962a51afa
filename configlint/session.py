"""The files of one run, and the plans that they make."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from configlint import knowledge, rules
from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.dialect import Root
from configlint.core.document import Entry, Mapping, Node, Scalar
from configlint.core.errors import UsageError
from configlint.core.plan import Plan
from configlint.core.record import NamedTuple
from configlint.core.release import Version, version_of
from configlint.core.secrets import MASK
from configlint.core.source import Source, Span, is_code
from configlint.core.spec import ScriptParser, Setting, Spec
from configlint.core.wording import Suggestions, misspelt, nearest
from configlint.frontends import FRONT_ENDS, OWN, FrontEnd, could_be, of_root, read_text, root_of, tool_of
from configlint.frontends.spec import KEYS
from configlint.host.read import decode, read_bytes, reason
from configlint.project import NO_OPTIONS, Options, Projects
from configlint.project.stated import in_comments
from configlint.solver import solve
from configlint.syntax import read
from configlint.syntax.safe import read_safely, without_secrets

# Where each file extends the one before, all of them are merged for the last: nobody has so many layers.
_MOST_BASES = 100
# Files that are not there: for each, all of its folder are compared with it.
_MOST_NEAR = 100
# A file that is too large, or no file but a device or a pipe, is as little a spec as a picture is.
_NOT_A_TEXT = (errno.EFBIG, errno.EINVAL)
_SAY_SO = "add `configlint: 1` at its root if it is a configlint spec"


class Parsed(NamedTuple):
    """A file: its document, None where there is no reading it, and what is wrong with its form."""

    source: Source
    document: Node | None
    diagnostics: list[Diagnostic]

    @property
    def root(self) -> Root:
        """Its root, or what looks like it."""
        return root_of(self.document, self.source.text)


class Loaded(NamedTuple):
    """A spec with all that it extends, as plans; none where a file of it cannot be read, or where
    it is a base, which has no batch: then `bases` are its specs."""

    plans: list[Plan]
    diagnostics: list[Diagnostic]
    bases: tuple[Spec, ...] = ()


class Session:
    """The files of one run; each is read and parsed once, however many specs extend it.

    `pass_over` says nothing of a named file that is not a spec, as a folder says nothing of those that it holds.
    `stated` is what is said of the machine and the batch of files that cannot say it. With `unsafe_fixes`, what may
    change the meaning is a fix too.
    """

    def __init__(
        self,
        assignments: Iterable[str] = (),
        pass_over: bool = False,
        stated: dict[str, Setting] | None = None,
        options: Options = NO_OPTIONS,
        unsafe_fixes: bool = False,
    ) -> None:
        self.parsed: dict[str, Parsed] = {}
        self.forms: dict[Source, list[Diagnostic]] = {}
        self.installed: dict[Source, dict[str, Setting]] = {}
        self.forgotten: set[str] = set()
        self.near: dict[str, str | None] = {}
        self.scripts: dict[str, ScriptParser | None] = {}
        self.options = options
        self.projects = Projects(options, rules.selectable())
        self.assignments = [_assignment(text) for text in assignments]
        self.pass_over = pass_over
        self.stated = stated or {}
        self.unsafe_fixes = unsafe_fixes

    def parse(self, path: str, data: bytes | None = None) -> Parsed:
        """Raises:
        OSError: there is no reading the file.
        """
        if path not in self.parsed:
            source = decode(path, read_bytes(path) if data is None else data)
            if isinstance(source, Diagnostic):
                self.parsed[path] = _unread(source)
            else:
                self.parsed[path] = _parsed(source)
        return self.parsed[path]

    def forget(self, file: Parsed) -> bool:
        """Drop a spec, unless it extends another or has a comment that says something: of thousands, few are needed
        at the end."""
        text, name = file.source.text, file.source.name
        if _is_extending(file) or "ignore" in text or name in self.forgotten:
            return False
        self.forgotten.add(name)
        for held in (self.forms, self.installed):
            held.pop(file.source, None)
        return self.parsed.pop(name, None) is not None

    def returned(self) -> list[Plan]:
        """The plans of forgotten specs that another extends, after all."""
        files = [self.parsed[name] for name in sorted(self.forgotten) if name in self.parsed]
        return [plan for file in files if (made := self.front_end(file)) for plan in self.load(file, made).plans]

    def editable(self, paths: Sequence[str]) -> dict[str, Node]:
        """The documents that were read whole, by the names of their files, of those that paths name or folders
        hold: a base elsewhere is another's, and one with a secret in it was not read as it stands."""
        places = {os.path.abspath(path) for path in paths}
        return {
            name: file.document
            for name, file in self.parsed.items()
            if file.document is not None and not file.diagnostics and MASK not in file.source.text
            if _is_at(os.path.abspath(name), places)
        }

    def again(self) -> Session:
        """A session that reads the files anew."""
        session = Session((), self.pass_over, self.stated, self.options, self.unsafe_fixes)
        session.assignments = self.assignments
        return session

    def edited(self, texts: dict[str, str]) -> Session:
        """The session as it would be if some of its files had other texts."""
        session = self.again()
        session.forms, session.parsed = dict(self.forms), dict(self.parsed)
        for name, text in texts.items():
            session.parsed[name] = _parsed(Source(name, text))
        return session

    def front_end(self, file: Parsed) -> FrontEnd | None:
        """The dialect of a file that was read: what the settings say, or what its keys do."""
        if file.document is None:
            return None
        said = self.projects.settings(file.source.name).dialect(file.source.name)
        return FRONT_ENDS[said] if said else of_root(file.root)

    def load(self, file: Parsed, front_end: FrontEnd | None) -> Loaded:
        """The plans of a spec, and what is wrong with its form and that of its bases; None is for a file that there
        is no reading."""
        if front_end is None:
            return Loaded([], file.diagnostics)
        documents, diagnostics = self._chain(file, front_end)
        for document in documents:
            diagnostics += self._form(document, front_end)
        for assignment in self.assignments:  # they are in the form of our own spec
            diagnostics += self._form(assignment, OWN)
        if len(documents) == 0 or any(map(_hides_layers, diagnostics)):
            return Loaded([], diagnostics)
        specs, shared, problems, bases = front_end.lower(documents, self.assignments)
        plans = [self._plan(spec) for spec in specs]
        # What the targets must keep: the batch of the one without, be it a plan or not, or the first that is known.
        is_plan = bool(specs) and specs[0] is shared
        first = plans if is_plan else [self._plan(shared), *plans]
        reference = next((plan.batch.effective for plan in first if plan.batch.effective), None)
        near = Suggestions()
        plans = [plan._replace(reference=reference, nearest=near, spec=self._with_files(plan)) for plan in plans]
        return Loaded(plans, [*diagnostics, *problems], bases=() if plans else bases)

    def _plan(self, spec: Spec) -> Plan:
        plan = solve(self._in_project(spec), knowledge)
        newer = {package: release for package in plan.release.known if (release := _newer(plan, package))}
        if not newer:
            return plan
        from configlint.project.installed import arguments_of  # for a release that there is no data of

        environment = self.projects.environment(spec.source.name)
        classes = {"transformers": "TrainingArguments"} | {
            plan.release.layers[-1].package: plan.release.config_class
        }
        found = {
            package: arguments_of(package, classes.get(package), release, environment)
            for package, release in newer.items()
        }
        return solve(plan.spec._replace(newer=found), knowledge)

    def _in_project(self, spec: Spec) -> Spec:
        """A spec with what its project says in its place: the releases, and the machine where the dialect has no
        way to say it."""
        settings, pins = self.projects.settings(spec.source.name), self.projects.pins(spec.source.name)
        # Releases are chosen together: beside one that a file states, the other would be another environment's.
        if is_code(spec.source):
            spec = self._with_own_pins(spec)
        said = {} if spec.settings.keys() & {"transformers", "trl"} else pins | settings.releases
        trainer = spec.settings.get("constructor") or spec.settings.get("trainer")
        if (trainer or spec.dialect.route("trainer")) and knowledge.is_of_transformers(
            trainer.value if trainer else None
        ):
            said.pop("trl", None)
        if spec.dialect.route("hardware") is None:
            said |= settings.hardware | in_comments(spec.source) | self.stated
        added = {path: setting for path, setting in said.items() if path not in spec.settings}
        every = spec.settings | added
        known = spec.dialect.route("transformers") or "transformers" in (*every, *spec.dialect.releases)
        return spec._replace(settings=every, assumed=not known)

    def _with_own_pins(self, spec: Spec) -> Spec:
        """A call with the releases that its file installs."""
        from configlint.project.pins import pins_in

        if spec.source not in self.installed:
            self.installed[spec.source] = pins_in(spec.source)
        return spec._replace(settings=spec.settings | self.installed[spec.source])

    def _form(self, document: Mapping, front_end: FrontEnd) -> list[Diagnostic]:
        """What is wrong with the form of a document, looked at once for all that extend it."""
        source = document.span.source
        if source not in self.forms:
            self.forms[source] = front_end.form(document)
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
            base = _base(file.document, front_end)
            if base is None:
                return documents, diagnostics
            path = os.path.normpath(os.path.join(os.path.dirname(file.source.name), base.raw))
            if os.path.abspath(path) in seen:
                message = f"{path} extends itself" if len(seen) == 1 else f"{path} extends this file in turn"
                return [], [*diagnostics, _syntax("base-cycle", message, base.span)]
            if len(seen) > _MOST_BASES:
                message = (
                    f"{file.source.name} extends another spec, but the chain must have at most {_MOST_BASES} bases"
                )
                return [], [*diagnostics, _syntax("too-many-bases", message, base.span)]
            seen.append(os.path.abspath(path))
            try:
                file = self.parse(path)
            except (OSError, ValueError) as error:  # the latter for a null byte in the name
                found = _syntax("missing-base", f"{path}: {reason(error)}", base.span)
                near = self._file_near(path, nearest) if isinstance(error, FileNotFoundError) else None
                return [], [*diagnostics, found._replace(help=f"did you mean {near}?" if near else None)]
            # Nothing is shown of what is none: it can be any file of this machine.
            if not front_end.DIALECT.marks.is_base(file.root):
                return [], [*diagnostics, _syntax("base", f"{path} is not a spec", base.span)]
            diagnostics += file.diagnostics

    def _with_files(self, plan: Plan) -> Spec:
        """A plan's spec, with what its script takes, or the script that is meant where there is none."""
        launch = plan.launch
        # `-m` looks into the folder where it is started first.
        script = launch.script or f"{(launch.module or '').replace('.', '/')}.py"
        # Where a variable or the setup leads nobody knows here.
        is_elsewhere = any(sign in launch.workdir + script for sign in "$~") or "cd " in (launch.setup or "")
        path = os.path.join(launch.workdir, script)
        if not script.endswith(".py") or is_elsewhere:
            return plan.spec
        if os.path.lexists(path):
            return plan.spec._replace(script_parser=self._script_parser(path))
        if launch.script is None:
            return plan.spec
        near = self._file_near(path, _script_meant)
        return plan.spec._replace(
            meant_script=script.removesuffix(os.path.basename(script)) + near if near else None
        )

    def _script_parser(self, path: str) -> ScriptParser | None:
        """What a script takes, where it is certain; read once, and only as a text."""
        if path not in self.scripts:
            from configlint.frontends.parsers import script_parser

            try:
                source = decode(path, read_bytes(path))
            except OSError:
                source = None
            self.scripts[path] = script_parser(source.text) if isinstance(source, Source) else None
        return self.scripts[path]

    def _file_near(self, path: str, find: Callable[[str, list[str]], str | None]) -> str | None:
        """What somebody most likely meant by the name of a file that is not there; of a run's first such names, as
        each is compared with all files of a folder."""
        if path not in self.near and len(self.near) < _MOST_NEAR:
            self.near[path] = _file_near(path, find)
        return self.near.get(path)


def _newer(plan: Plan, package: str) -> Version | None:
    """The release of a package that is stated, if it is newer than all that there is data of."""
    stated = version_of(getattr(plan, package)) if plan.given(package) else None
    return stated if stated and stated > plan.release.known[package][-1] else None


def _hides_layers(found: Diagnostic) -> bool:
    """Whether a finding says that the base, or the targets, cannot be found: all else depends on them."""
    return found.path == "extends" or (len(found.meant) == 1 and found.meant[0].to in ("extends", "targets"))


def _base(document: Mapping, front_end: FrontEnd) -> Scalar | None:
    """The value that names the file a document starts from, if it does."""
    entry = document.entries.get(front_end.DIALECT.extends or "")
    value = entry.value if entry else None
    return value if isinstance(value, Scalar) and isinstance(value.value, str) and value.value else None


def _is_extending(file: Parsed) -> bool:
    return isinstance(file.document, Mapping) and "extends" in file.document.entries


def _parsed(source: Source) -> Parsed:
    if source.name.endswith(".ipynb"):
        from configlint.syntax.notebook import joined

        source = joined(source.name, source.text) or source._replace(text="")
    return Parsed(*read_safely(source, read_text))


def _unread(found: Diagnostic) -> Parsed:
    """A text that there is no reading, and why."""
    source = without_secrets(found.span.source)
    return Parsed(source, None, [found._replace(span=found.span._replace(source=source))])


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
    selected_specs([plan.spec for plan in plans], target)
    return [plan for plan in plans if target in (None, plan.spec.target)]


def selected_specs(specs: Sequence[Spec], target: str | None) -> list[Spec]:
    """All specs, or that of the target.

    Raises:
        UsageError: there is no such target.
    """
    chosen = [spec for spec in specs if target in (None, spec.target)]
    if specs and not chosen:
        names = ", ".join(specs[0].targets)
        raise UsageError(f"unknown target {target}: {'expected ' + names if names else 'the spec has no targets'}")
    return chosen


def one(plans: list[Plan], target: str | None) -> Plan:
    """The plan that a command works on: the target's, or the bare spec's.

    Raises:
        UsageError: it is not clear which.
    """
    chosen = selected(plans, target)
    if target is None and chosen[0].spec.target is not None:
        raise UsageError(f"choose a target with --target: {', '.join(chosen[0].spec.targets)}")
    return chosen[0]


def load_one(path: str, session: Session, own: bool = False, base: bool = False) -> Loaded:
    """The file that a command names: with `own` only a spec of configlint's, with `base` also one without a batch.

    Raises:
        UsageError: it cannot be read, is not a training config, or is a base that may not be.
    """
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder: name a file")
    unreadable: list[str] = []
    for file, front_end in specs(files_of([path], session), session, unreadable):
        if own and front_end not in (None, OWN):
            title = "script" if is_code(file.source) else front_end.DIALECT.title if front_end else ""
            raise UsageError(
                f"{path} is a {title}, but only a configlint spec can be compiled:"
                f" `configlint import {path}` makes one of it"
            )
        loaded = session.load(file, front_end)
        fails = any(found.severity is Severity.ERROR for found in loaded.diagnostics)
        if not (loaded.plans or fails or (base and loaded.bases)):
            raise UsageError(f"{path} is a base without a batch: it can only be extended")
        plans = [plan for plan in loaded.plans if not plan.spec.is_of_trainer]
        if loaded.plans and not plans:
            raise UsageError(f"{path} calls no config class of transformers or trl")
        return loaded._replace(plans=plans)
    raise UsageError(unreadable[0] if unreadable else f"{path} is excluded by the settings")


def specs(
    files: Iterable[tuple[str, bool]], session: Session, unreadable: list[str]
) -> Iterator[tuple[Parsed, FrontEnd | None]]:
    """The specs among some files, of which `files_of` is the list; the front end is None for one with no reading
    it."""
    for name, asked_for in files:
        expected = asked_for and not session.pass_over
        try:
            data = session.parsed[name] if name in session.parsed else read_bytes(name)
        except OSError as error:
            if expected or error.errno not in _NOT_A_TEXT:
                unreadable.append(f"{name}: {reason(error)}")
            continue
        said = session.projects.settings(name).dialect(name)
        if isinstance(data, bytes) and not expected and not said and not could_be(data, name):
            continue
        file = session.parse(name, data) if isinstance(data, bytes) else data
        if front_end := session.front_end(file):
            yield file, front_end
        elif file.document is None and file.diagnostics and _is_meant(file, expected):
            yield file, None
        elif expected:
            unreadable.append(f"{name} {_why_not(file)}")


def files_of(paths: Iterable[str], session: Session) -> Iterator[tuple[str, bool]]:
    """The files that paths name or folders hold, each once, as far as the settings have it, and whether it was
    named."""
    seen: set[str] = set()
    for path in paths:
        asked_for = not os.path.isdir(path)
        # Bases are known by such names too, and a file that is both must have one.
        for name in [os.path.normpath(path)] if asked_for else _files_below(path):
            settings = session.projects.settings(name)
            is_wanted = asked_for or (settings.includes(name) and not _is_compiled(name))
            if name not in seen and is_wanted and not session.projects.excludes(name):
                seen.add(name)
                yield name, asked_for


def _files_below(folder: str) -> Iterator[str]:
    from configlint.host.walk import walk  # for folders only

    return walk(folder)


def _is_compiled(name: str) -> bool:
    """Whether a file is one that `compile` made: what it was made of is looked at instead."""
    folder, file = os.path.split(name)
    return file == "training_args.json" and os.path.exists(os.path.join(folder, "plan.json"))


def _is_meant(file: Parsed, expected: bool) -> bool:
    """Whether to show what is wrong with a text that cannot be parsed: a link can lead anywhere."""
    text = file.source.text
    if is_code(file.source):
        return True  # of code, only what is certain is said
    if expected and "\0" not in text and could_be(text.encode(errors="replace")):
        return True
    return of_root(file.root) is not None


def _why_not(file: Parsed) -> str:
    if is_code(file.source):
        return "calls no config class and no trainer of transformers or trl"
    if tool := tool_of(file.root):
        more = f": {_SAY_SO}" if len(file.root.keys & KEYS) > 1 else ""
        return f"looks like a config of {tool}, which configlint does not read yet{more}"
    return f"is not a training config: {_problem(file)}"


def _problem(file: Parsed) -> str:
    if file.document is not None or not file.diagnostics:
        return _SAY_SO
    found = file.diagnostics[-1]
    # The message of a syntax error can repeat the text.
    return found.message if found.rule == "syntax/encoding" else f"line {found.span.line} is not valid YAML"


def _assignment(text: str) -> Mapping:
    """`PATH=VALUE` as a document of its own, so that what is wrong with it has a place.

    Raises:
        UsageError: it has no path or no readable value, or its path is none that can be set.
    """
    text = without_secrets(Source("--set", text)).text
    path, equals, value = text.partition("=")
    names = path.split(".")
    if not equals or not all(names):
        raise UsageError(f"--set {text}: write PATH=VALUE, such as batch.effective=64")
    if names[0] in ("extends", "targets", "configlint"):
        raise UsageError(f"--set {text}: `{names[0]}` cannot be set")
    source = Source("--set", text)
    # Blanks in place of the path keep the columns.
    node, problems = read(source, " " * (len(path) + 1) + value)
    if (safe := without_secrets(source, node)) != source:
        return _assignment(safe.text)
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


def _file_near(path: str, find: Callable[[str, list[str]], str | None]) -> str | None:
    """What somebody most likely meant by the name of a file that is not there."""
    folder, name = os.path.split(path)
    try:
        return find(name, sorted(os.listdir(folder or ".")))
    except (OSError, ValueError):
        return None


def _script_meant(name: str, files: list[str]) -> str | None:
    return misspelt(name, [file for file in files if file.endswith(".py")])
