"""A spec: what was written, merged, each value still at its place."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from configlint.core.diagnostic import Diagnostic
from configlint.core.dialect import Dialect, Reader
from configlint.core.edit import KEPT
from configlint.core.record import NamedTuple
from configlint.core.remedy import Meant
from configlint.core.source import Source, Span
from configlint.core.values import AT_RUNTIME, OnlyAtRuntime


class Setting(NamedTuple):
    """A value that somebody wrote, and the keys down to it. `mapping` says that its keys are settings of
    their own, `overrides` that a base or the spec around a target has another value, which counts again once this
    one is removed; null in its place removes both. `of` is the path where it was written, of what stands here only
    because it is the same fact under another name."""

    value: object
    keys: tuple[str, ...]
    key: Span
    span: Span
    target: str | None = None
    mapping: bool = False
    overrides: bool = False
    of: str | None = None


class Claim(NamedTuple):
    """What a comment says: the samples of a step, on so many devices."""

    samples: int
    devices: int


class ScriptParser(NamedTuple):
    """What a script's parser takes, as far as the script's text says it for certain.

    `fields` are the names that it reads from the JSON, where it reads no others: those of a config class are what
    it has in any release, and those of the classes `of_trl` what they have in the spec's. `reader` is what reads
    them; what it does not know it passes over if it `drops`, else it fails. `options` are those of its command
    line, None where they are not known; it takes an argument without an option if it has `places`, and fails
    without those that are `required`.
    """

    fields: frozenset[str] | None = None
    of_trl: tuple[str, ...] = ()
    reader: str = ""
    drops: bool = False
    options: frozenset[str] | None = None
    places: bool = False
    required: tuple[str, ...] = ()


class Sections:
    """Some paths, that another path can be in: `training` holds `training.seed`. To ask takes no longer where there
    are thousands of either."""

    def __init__(self, paths: Iterable[str]) -> None:
        # Of two of which one is in the other, the outer one: so what holds a path is next to it in order.
        self._starts: list[str] = []
        for start in sorted(f"{path}." for path in paths):
            if not self._starts or not start.startswith(self._starts[-1]):
                self._starts.append(start)

    def __contains__(self, path: str) -> bool:
        """Whether it is one of them or below one."""
        place = f"{path}."
        index = bisect(self._starts, place)
        return index > 0 and place.startswith(self._starts[index - 1])


class Spec(NamedTuple):
    """What was written under canonical dotted paths, for one target or, with None, for none.

    `reader` is what the dialect's loader makes of this file; `targets` are the names of all targets that it has.
    `assumed` says that nobody stated a release, in a dialect that has no default for it: what is true of the newest
    only is not certain then. `meant_script` is a file of nearly the name of `launch.script`, where there is none of
    that name; `script_parser` is what the script takes, where that is certain. `newer` are the packages of which a
    release is stated that there is no data of yet, and the arguments of its config class, or None where it is not
    installed. `call` is the place of the function's name where these are the arguments of a call, `number` counts
    the calls of the file, and `open` says that it may have others that cannot be seen. `claims` is what comments
    say of the batch.
    """

    source: Source
    settings: dict[str, Setting]
    dialect: Dialect
    reader: Reader
    target: str | None = None
    targets: tuple[str, ...] = ()
    assumed: bool = False
    meant_script: str | None = None
    script_parser: ScriptParser | None = None
    newer: Mapping[str, frozenset[str] | None] = MappingProxyType({})
    call: Span | None = None
    number: int = 0
    open: bool = False
    claims: tuple[Claim, ...] = ()

    @property
    def is_of_trainer(self) -> bool:
        """Whether this is the call of a trainer whose config cannot be seen."""
        return (
            self.call is not None
            and "constructor" in self.settings
            and self.settings["constructor"].key == self.call
        )

    def in_newer(self, name: str) -> bool:
        """Whether a release that there is no data of was found to have an argument."""
        return any(name in names for names in self.newer.values() if names)

    def section(self, name: str) -> dict[str, object]:
        """The values directly below `name`, in the order written: `training`, `launch.env`."""
        start = name + "."
        return {
            path[len(start) :]: setting.value
            for path, setting in self.settings.items()
            if path.startswith(start) and not setting.mapping
        }

    def tree(self, name: str) -> dict[str, object]:
        """What is below `name` as nested mappings again: `parallel.deepspeed`."""
        root: dict[str, object] = {}
        start = name + "."
        for path, setting in self.settings.items():
            if path.startswith(start):
                *parents, last = setting.keys[name.count(".") + 1 :]
                node = root
                for parent in parents:
                    node = node.setdefault(parent, {})  # type: ignore[assignment]
                node.setdefault(last, {} if setting.mapping else setting.value)
        return root

    def is_shared(self, setting: Setting) -> bool:
        """Whether a setting may be meant for another plan: that of a target, or of another file that extends the
        one it stands in."""
        return setting.target is None and (bool(self.targets) or setting.key.source.name != self.source.name)

    def place(self, path: str) -> Setting | None:
        """The setting at `path`, or that of the nearest section around it."""
        setting, end = self.settings.get(path), path.find(".")
        if setting is None:
            # From the outside in: of a key with thousands of dots no part is a section.
            while end > 0 and (section := self.settings.get(path[:end])):
                setting, end = section, path.find(".", end + 1)
        return setting


def as_written(settings: dict[str, Setting]) -> dict[str, Setting]:
    """The settings without what is only the same fact under another name."""
    if all(setting.of is None for setting in settings.values()):
        return settings
    return {path: setting for path, setting in settings.items() if setting.of is None}


def as_meant(spec: Spec, slips: Iterable[Meant]) -> Spec:
    """A spec as it would be if its misspelt and misplaced keys and words were right; itself where they change
    nothing, as what was meant is written too."""
    spec = spec._replace(settings=as_written(spec.settings))
    moves = {slip.path: slip for slip in slips if _changes(spec.settings, slip)}
    if not moves:
        return spec
    settings: dict[str, Setting] = {}
    for path, setting in spec.settings.items():
        # A key, or one of the sections that it is in: nobody misspells a section that is deeper.
        first, _, rest = path.partition(".")
        second = f"{first}.{rest.partition('.')[0]}"
        start = next((start for start in (path, first, second) if start in moves), None)
        if start is None:
            settings[path] = setting
            continue
        slip = moves[start]
        to = slip.to + path[len(start) :]
        above = spec.dialect.route(slip.to) or (slip.to,)
        keys = (*above, *setting.keys[len(spec.settings[start].keys) :])
        section = slip.to.rpartition(".")[0]
        if section and section not in settings and (section == start or section not in spec.settings):
            settings[section] = setting._replace(value=None, keys=keys[:-1], mapping=True)
        settings[to] = setting._replace(keys=keys, value=setting.value if slip.value is KEPT else slip.value)
    return spec._replace(settings=settings)


def _changes(settings: Mapping[str, Setting], slip: Meant) -> bool:
    """Whether something is written where nothing should be, and nothing where it should be: of a target and what
    it inherits, one may be right."""
    written, right = settings.get(slip.path), settings.get(slip.to)
    if written is None or slip.path == slip.to:
        return written is not None
    return right is None or written.target != right.target


class Written(dict[str, object]):
    """Arguments as they were written, of which the running program computes some, or adds some: a rule that asks
    for one of those ends."""

    def __init__(self, values: Mapping[str, object], open: bool) -> None:
        super().__init__(values)
        self._open = open

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        if self._open:
            raise OnlyAtRuntime
        return False

    def __getitem__(self, name: str) -> object:
        value = super().__getitem__(name)
        if value is AT_RUNTIME:
            raise OnlyAtRuntime
        return value

    def get(self, name: str, default: object = None) -> object:
        if name not in self:
            return default
        return self[name]

    def items(self) -> list[tuple[str, object]]:  # type: ignore[override]
        return [(name, value) for name, value in super().items() if value is not AT_RUNTIME]

    def values(self) -> list[object]:  # type: ignore[override]
        return [value for _, value in self.items()]


class Lowered(NamedTuple):
    """What a front end makes of a file: the specs of which each makes a plan, and the one without a target, whose
    batch all of them must keep, be it one of them or not; what is wrong with them together; and the specs that make
    no plan, since they have no batch."""

    specs: tuple[Spec, ...]
    shared: Spec
    problems: tuple[Diagnostic, ...] = ()
    bases: tuple[Spec, ...] = ()
