"""What a trainer's config class takes, in the release that a spec names and in all others."""

from __future__ import annotations

from configlint.core.profile import Trainer
from configlint.core.record import NamedTuple
from configlint.core.typing import Any
from configlint.core.values import AT_RUNTIME, decimal

Version = tuple[int, int]
# Facts of one argument over the releases: `life`, `type`, `default` and `choices`, as in
# schemas/training_arguments.json, with releases as tuples; and what is noted beside it.
Facts = dict[str, Any]


# The value of a default that only the running program knows.
UNKNOWN = object()


# What each layer holds, by its identity, with the layer itself: while that is here, nothing else can have it.
_HELD: dict[int, tuple[Layer, dict[str, Argument]]] = {}


class Layer(NamedTuple):
    """The arguments of a class, or the keys of a mapping, over the releases of `package`; `version` is that
    of the spec."""

    package: str
    version: Version
    arguments: dict[str, Facts]

    def get(self, name: str) -> Argument | None:
        """The argument in this release; None where it does not have it."""
        facts = self.arguments.get(name)
        if facts is None or not has(facts, self.version):
            return None
        default = at(facts, "default", self.version)
        return Argument(
            name,
            self,
            _kinds(facts, self.version, default),
            UNKNOWN if isinstance(default, dict) and default else default,
            at(facts, "choices", self.version) or (),
            facts,
        )

    @property
    def is_there(self) -> bool:
        """Whether this release has any of them."""
        return any(has(facts, self.version) for facts in self.arguments.values())

    def held(self) -> dict[str, Argument]:
        """Those that this release has; made once for all specs."""
        if id(self) not in _HELD:
            _HELD[id(self)] = self, {name: found for name in self.arguments if (found := self.get(name))}
        return _HELD[id(self)][1]


class Argument(NamedTuple):
    """One argument in one release: what of its life in `layer`, the `facts`, holds there.

    `kinds` are the JSON types that it takes, none where there is no telling; `choices` is empty where it is
    open.
    """

    name: str
    layer: Layer
    kinds: tuple[str, ...]
    default: object
    choices: tuple[object, ...]
    facts: Facts


class Release(NamedTuple):
    """The class that configures a trainer: its own layer last, after those of the classes it derives from;
    `arguments` is what it has in this release, and `same` the names of those that have several.

    `config_class` is None where the trainer is a user's own: what it has beyond TrainingArguments is not
    known then. `others` are further mappings by name: AcceleratorConfig, fsdp_config, `scheduler:cosine`,
    `trl.scripts.sft`. `known` are the releases of each package that there is data of;
    `asks_for` the oldest and the newest release of Transformers that TRL's can be installed with; `trainer` what is
    special about the trainer.
    """

    config_class: str | None
    layers: tuple[Layer, ...]
    arguments: dict[str, Argument]
    same: dict[str, tuple[str, ...]]
    others: dict[str, Layer]
    known: dict[str, tuple[Version, ...]]
    asks_for: tuple[Version, Version] | None = None
    trainer: Trainer = Trainer()

    @property
    def transformers(self) -> Version:
        return self.layers[0].version

    @property
    def trl(self) -> Version | None:
        return self.layers[-1].version if self.layers[-1].package == "trl" else None

    @property
    def script(self) -> str | None:
        """The module of TRL's own that builds the trainer, where this release has it."""
        group = self.others.get(self.trainer.script or "")
        return self.trainer.script if group and group.is_there else None

    def prepares_quantized(self, data: str | None) -> bool:
        """Whether the trainer makes parts of a quantized model float32, as PEFT prepares it."""
        since, until = self.trainer.prepares_quantized or (None, None)
        if since is None or self.trl is None or data in ("zero3", "fsdp"):
            return False
        return since <= self.trl and (until is None or self.trl < until)

    def lives(self, name: str) -> list[Layer]:
        """The layers that know of the argument in any release, the class's own first."""
        return [layer for layer in reversed(self.layers) if name in layer.arguments]

    def aliases(self, name: str) -> tuple[str, ...]:
        """The names under which the same value means the same, the newest first and `name` among them."""
        return self.same.get(name, (name,))

    def spelling(self, name: str) -> str | None:
        """The name under which this release wants an argument's value; None where it has none for it."""
        if name not in self.same:
            return name if name in self.arguments else None
        return next((alias for alias in self.aliases(name) if alias in self.arguments), None)

    def default(self, name: str) -> object:
        """What the class makes of an argument that is left out; of several names, what one of them says."""
        found = (self.arguments[alias].default for alias in self.aliases(name) if alias in self.arguments)
        return next((default for default in found if default is not None), None)


class Constructor(NamedTuple):
    """What a trainer is constructed with, and what its config class takes."""

    trainer: str
    keywords: Layer
    release: Release


def same_names(layers: tuple[Layer, ...], arguments: dict[str, Argument]) -> dict[str, tuple[str, ...]]:
    """Each name of an argument that has several in these releases, with all of them, the newest first;
    `arguments` are those that the release has."""
    same: dict[str, tuple[str, ...]] = {}
    for layer in layers:
        for old, facts in layer.arguments.items():
            new = facts.get("by")
            # Until then, a release that has both tells them apart.
            both = old in arguments and new in arguments
            if facts.get("same_value") and new in layer.arguments and (not both or layer.version >= facts["from"]):
                names = (*same.get(new, (new,)), *same.get(old, (old,)))
                same |= dict.fromkeys(names, names)
    return same


def is_required(argument: Argument) -> bool:
    """Whether the class cannot be built without it."""
    defaults = [held for release, held in argument.facts.get("default", ()) if release <= argument.layer.version]
    return not defaults or defaults[0] == {"required": True}


def has(facts: Facts, version: Version) -> bool:
    """Whether a release has the argument."""
    for first, last in facts["life"]:  # noqa: SIM110  (a generator costs twice as much)
        if first <= version and (last is None or version < last):
            return True
    return False


def at(facts: Facts, fact: str, version: Version) -> Any:
    """The value that a fact held in a release; None where nothing is said. The newest stands first."""
    for release, value in facts.get(fact, ()):
        if release <= version:
            return value
    return None


def _kinds(facts: Facts, version: Version, default: object) -> tuple[str, ...]:
    """The JSON types that a release takes: those of the annotation, and what is noted beside it."""
    kinds: tuple[str, ...] = at(facts, "type", version) or ()
    if kinds and default is None and "default" in facts and "null" not in kinds:
        kinds = (*kinds, "null")
    if "also" in facts:
        kinds += tuple(kind for kind, until in facts["also"].items() if until is None or version < until)
    if "without" in facts:
        kinds = tuple(kind for kind in kinds if version < facts["without"].get(kind, (99, 0)))
    return kinds


def version_of(text: str | None) -> Version | None:
    """The minor release that a text means: `5.23.1` is one of 5.23; None where it is no release."""
    parts = (text or "").split(".")
    if len(parts) < 2 or not all(part.isdecimal() for part in parts[:2]):
        return None
    return decimal(parts[0]), decimal(parts[1])


def written(version: Version) -> str:
    """`5.23`."""
    return f"{version[0]}.{version[1]}"


def is_kind(value: object, kinds: tuple[str, ...]) -> bool:
    """Whether a value is of one of the kinds; any is where none is known, and one that only the running program
    knows may be."""
    if not kinds or value is AT_RUNTIME:
        return True
    if value is None:
        return "null" in kinds
    if isinstance(value, bool):
        return "boolean" in kinds
    if isinstance(value, int):
        return "integer" in kinds or "number" in kinds
    names: dict[type, str] = {float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)] in kinds
