"""configlint's own spec: what it is known by, and how its layers are merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.dialect import Dialect, Marks, Reader, Root
from configlint.core.document import Mapping, Node, Scalar, plain
from configlint.core.spec import Lowered, Sections, Setting, Spec
from configlint.frontends.spec.schema import validate
from configlint.knowledge.naming import BATCH_ARGUMENTS, meanings

# All keys of a spec's root. Others have some of them too: `data` beside `model`, or `batch` beside `queue`.
KEYS = frozenset((
    "configlint", "extends", "transformers", "trl", "trainer", "model", "tuning", "batch", "hardware", "parallel",
    "data", "training", "arguments", "launch", "targets",
))  # fmt: skip
_MARKS = ("batch", "hardware", "extends", "targets")
# The keys of the sections that tell a spec from a file of somebody else.
_TELLING = {
    "batch": ("effective", "effective_tokens", "per_device", "accumulation"),
    "hardware": ("accelerator", "devices_per_node", "nodes", "reserved", "headroom"),
}
# Below these every value is the user's own: replaced whole, and null is the value None.
_OPEN = ("training.", "arguments.")
# Replaced whole even where they are mappings.
_WHOLE = ("hardware.accelerator", "batch.per_device")
# The environment and sbatch's options are text: 1.10 and 007 are no numbers there.
_TEXTS = ("launch.env.", "launch.slurm.")

# Each target is a plan of its own, that holds all that it shares with the others.
MAX_TARGETS = 1000
MAX_VALUES = 100_000

# What makes a plan of a spec.
_BATCHES = frozenset(("batch", *BATCH_ARGUMENTS))

Settings = dict[str, Setting]


def _is_spec(root: Root) -> bool:
    """Whether a root is a spec's: `configlint` says so, and of the other keys it takes two, more than others."""
    if "configlint" in root.keys:
        return True
    marks = root.keys.intersection(_MARKS)
    if not marks or len(root.keys & KEYS) < 2:
        return False
    if marks.issuperset(_TELLING):
        # Who writes both means a spec, and may have got the names of its other keys wrong.
        return _is_ours(root) or all(_own(root, section, "within") for section in _TELLING)
    # `hardware` beside `model`, `data` and `training` is what many people call sections of their own.
    return _is_ours(root) and not all(mark in _TELLING and _own(root, mark) is False for mark in marks)


def _own(root: Root, section: str, *programs: str) -> bool | None:
    """Whether a section has a key that a spec has there, by its own name or by that of other programs; None where
    it has none at all."""
    names = [key.removeprefix(f"{section}.") for key in root.below if key.startswith(f"{section}.")]
    if not names:
        return None
    return any(name in _TELLING[section] or meanings(name, section, *programs) for name in names)


def _is_ours(root: Root) -> bool:
    """Whether more of the keys are a spec's than somebody else's."""
    keys = root.keys
    return "configlint" in keys or len(keys & KEYS) > len(keys - KEYS)


_READER = Reader("yaml-1.2", coerces=False, unknown="refused")
DIALECT = Dialect(
    name="spec",
    title="configlint spec",
    marks=Marks(("configlint", *_MARKS), _is_spec, _is_ours),
    names={"training.*": "training.*", "arguments.*": "arguments.*", "*": "*"},
    readers={"yaml": _READER, "json": _READER},
    extends="extends",
)


def form(document: Node) -> list[Diagnostic]:
    return validate(document)


def lower(documents: list[Mapping], assignments: Sequence[Mapping] = ()) -> Lowered:
    """The bare spec, if it is a plan of its own, and that of each target."""
    targets = target_names(documents)
    lowered = lower_each(documents, (None, *targets), assignments)
    bare = next(lowered)
    if found := too_many(documents, bare):
        return Lowered((), bare, (found,))
    others = list(lowered)
    specs = [bare, *others] if "hardware" in bare.settings or not others else others
    whole = tuple(spec for spec in specs if not _is_base(spec))
    return Lowered(whole, bare, bases=tuple(filter(_is_base, specs)))


def _is_base(spec: Spec) -> bool:
    """Whether there is no batch at all: one in `training` is for a rule, which says where it belongs."""
    return spec.settings.keys().isdisjoint(_BATCHES)


def target_names(documents: list[Mapping]) -> tuple[str, ...]:
    """The targets of a file and its bases, in the order that they appear."""
    return tuple(_overlays(documents))


def too_many(documents: list[Mapping], bare: Spec) -> Diagnostic | None:
    """What is said where a spec has more targets than are looked at; `bare` is the one without a target."""
    targets, values = len(bare.targets), len(bare.settings)
    if targets > MAX_TARGETS:
        message = f"`targets` must have at most {MAX_TARGETS:,} targets, got {targets:,}"
    elif targets * values > MAX_VALUES:
        in_all = f"{targets * values:,} ({targets:,} targets x {values:,} shared values)"
        message = f"`targets` must make at most {MAX_VALUES:,} values in all, got {in_all}"
    else:
        return None
    last = next(document for document in reversed(documents) if "targets" in document.entries)
    help = "split them into several files that extend a common one"
    place = last.entries["targets"].key.span
    return Diagnostic("schema/too-many-targets", Severity.ERROR, message, place, help, "targets")


def lower_each(
    documents: list[Mapping], targets: Iterable[str | None], assignments: Sequence[Mapping] = ()
) -> Iterator[Spec]:
    """The merged spec of each target: bases farthest first, the file itself last; the target, or with None no one;
    `--set`."""
    shared: Settings = {}
    for document in documents:
        _overlay(shared, _flatten(document, None))
    overlays = _overlays(documents)
    names, last = tuple(overlays), [_flatten(assignment, None) for assignment in assignments]
    for target in targets:
        settings = shared.copy()
        for overlay in overlays[target] if target is not None else ():
            layer = _flatten(overlay, target)
            accelerator = layer.get("hardware.accelerator")
            is_named = accelerator and (accelerator.mapping or accelerator.value is not None)
            if is_named and "hardware" in settings:
                _remove(settings, ["hardware"])  # it is another machine
            _overlay(settings, layer)
        for layer in last:
            _overlay(settings, layer)
        yield Spec(documents[-1].span.source, settings, DIALECT, _READER, target, names)


def _overlays(documents: list[Mapping]) -> dict[str, list[Mapping]]:
    """What each target lays over the spec, bases farthest first; null removes what was inherited."""
    overlays: dict[str, list[Mapping]] = {}
    for document in documents:
        entry = document.entries.get("targets")
        if entry is None:
            continue
        if not isinstance(entry.value, Mapping):
            overlays.clear()
            continue
        for name, (_, overlay) in entry.value.entries.items():
            if isinstance(overlay, Mapping):
                overlays.setdefault(name, []).append(overlay)
            elif overlays.pop(name, None) is None:
                overlays[name] = []
    return overlays


def _flatten(document: Mapping, target: str | None) -> Settings:
    """Canonical paths to settings, sections before what they hold."""
    settings: Settings = {}
    _add(settings, document, target)
    return settings


def _add(
    settings: Settings, mapping: Mapping, target: str | None, prefix: str = "", above: tuple[str, ...] = ()
) -> None:
    for name, (key, value) in mapping.entries.items():
        keys = (*above, name)
        # As in TOML, a key with a dot is quoted; directly below the open sections none can be mistaken.
        path = prefix + (name if "." not in name or prefix in _OPEN else f'"{name}"')
        if path in ("extends", "targets", "configlint"):
            continue
        if isinstance(value, Mapping) and not path.startswith(_OPEN):
            settings[path] = Setting(None, keys, key.span, value.span, target, mapping=True)
            _add(settings, value, target, path + ".", keys)
        else:
            settings[path] = Setting(_value(path, value), keys, key.span, value.span, target)


def _value(path: str, node: Node) -> object:
    if not path.startswith(_TEXTS) or not isinstance(node, Scalar) or node.value is None:
        return plain(node)
    # An option of sbatch that is true has no value.
    return node.value if path.startswith("launch.slurm.") and isinstance(node.value, bool) else node.raw


def _overlay(settings: Settings, layer: Settings) -> None:
    both = layer.keys() & settings.keys()
    _remove(settings, [path for path in both if _is_replaced(settings[path], path, layer[path])])
    for path, setting in layer.items():
        if setting.mapping or setting.value is not None or path.startswith(_OPEN):
            settings[path] = setting._replace(overrides=True) if path in both else setting


def _is_replaced(old: Setting, path: str, new: Setting) -> bool:
    """Whether what was there goes, with all that it holds: all but a section, of which another has further keys."""
    return not (old.mapping and new.mapping) or path in _WHOLE


def _remove(settings: Settings, paths: list[str]) -> None:
    """Remove some settings, and of sections all that is in them: in one pass, however many they are."""
    sections = [path for path in paths if settings.pop(path).mapping]
    if sections:
        gone = Sections(sections)
        for path in [path for path in settings if path in gone]:
            del settings[path]
