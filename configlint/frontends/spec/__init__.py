"""configlint's own spec: what it is known by, and how its layers are merged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.document import Mapping, Node, Scalar, plain
from configlint.core.spec import Sections, Setting, Spec
from configlint.frontends.spec.schema import validate

# All keys of a spec's root. Others have some of them too: `data` beside `model`, or `batch` beside `queue`.
KEYS = frozenset((
    "configlint", "extends", "transformers", "trl", "trainer", "model", "tuning", "batch", "hardware", "parallel",
    "data", "training", "arguments", "launch", "targets",
))  # fmt: skip
_MARKS = ("batch", "hardware", "extends", "targets")
# A folder holds other YAML and JSON, some of it large: only what could be a spec is parsed at all.
_COULD_BE_SPEC = re.compile(rf"""["']?\b(?:configlint|{"|".join(_MARKS)})["']?\s*:""".encode())
_ROOT_KEY = re.compile(r"""^["']?(\w+)["']?[ \t]*:""", re.MULTILINE)
# Below these every value is the user's own: replaced whole, and null is the value None.
_OPEN = ("training.", "arguments.")
# Replaced whole even where they are mappings.
_WHOLE = ("hardware.accelerator", "batch.per_device")
# The environment and sbatch's options are text: 1.10 and 007 are no numbers there.
_TEXTS = ("launch.env.", "launch.slurm.")

# Each target is a plan of its own, that holds all that it shares with the others.
MAX_TARGETS = 1000
MAX_VALUES = 100_000

Settings = dict[str, Setting]


def detect(document: Node | None) -> bool:
    return isinstance(document, Mapping) and _is_spec(document.entries)


def could_be(data: bytes) -> bool:
    return _COULD_BE_SPEC.search(data) is not None


def is_meant(text: str) -> bool:
    return _is_spec(_root_keys(text))


def can_be_base(document: Node | None, text: str) -> bool:
    if document is None:
        return _are_ours(_root_keys(text))
    return isinstance(document, Mapping) and _are_ours(document.entries)


def _is_spec(names: Iterable[str]) -> bool:
    """Whether a root with these keys is a spec's: `configlint` says so, and of the others it takes two."""
    keys = set(names)
    if "configlint" in keys:
        return True
    return _are_ours(keys) and len(keys & KEYS) >= 2 and not keys.isdisjoint(_MARKS)


def _are_ours(names: Iterable[str]) -> bool:
    """Whether more of the keys are a spec's than somebody else's."""
    keys = set(names)
    return "configlint" in keys or len(keys & KEYS) > len(keys - KEYS)


def _root_keys(text: str) -> set[str]:
    """What looks like a key at the start of a line."""
    return set(_ROOT_KEY.findall(text)) if "\0" not in text else set()


def form(document: Node) -> list[Diagnostic]:
    return validate(document)


def base(document: Mapping) -> Scalar | None:
    entry = document.entries.get("extends")
    value = entry.value if entry else None
    return value if isinstance(value, Scalar) and isinstance(value.value, str) and value.value else None


def target_names(documents: list[Mapping]) -> tuple[str, ...]:
    return tuple(_overlays(documents))


def too_many(documents: list[Mapping], bare: Spec) -> Diagnostic | None:
    targets, values = len(bare.targets), len(bare.settings)
    if targets > MAX_TARGETS:
        message = f"`targets` must have at most {MAX_TARGETS:,} targets, got {targets:,}"
    elif targets * values > MAX_VALUES:
        in_all = f"{targets * values:,} ({targets:,} targets x {values:,} shared values)"
        message = f"`targets` must make at most {MAX_VALUES:,} values in all, got {in_all}"
    else:
        return None
    last = next(document for document in reversed(documents) if "targets" in document.entries)
    help = "split them over several files, which may extend one"
    place = last.entries["targets"].key.span
    return Diagnostic("schema/too-many-targets", Severity.ERROR, message, place, help, "targets")


def lower(documents: list[Mapping], target: str | None, assignments: list[Mapping]) -> Spec:
    return next(lower_each(documents, [target], assignments))


def lower_each(
    documents: list[Mapping], targets: Iterable[str | None], assignments: list[Mapping]
) -> Iterator[Spec]:
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
        yield Spec(documents[-1].span.source, settings, target, names)


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

    def visit(mapping: Mapping, prefix: str, above: tuple[str, ...]) -> None:
        for name, (key, value) in mapping.entries.items():
            keys = (*above, name)
            # As in TOML, a key with a dot is quoted; directly below the open sections none can be mistaken.
            path = prefix + (name if "." not in name or prefix in _OPEN else f'"{name}"')
            if path in ("extends", "targets", "configlint"):
                continue
            if isinstance(value, Mapping) and not path.startswith(_OPEN):
                settings[path] = Setting(None, keys, key.span, value.span, target, mapping=True)
                visit(value, path + ".", keys)
            else:
                settings[path] = Setting(_value(path, value), keys, key.span, value.span, target)

    visit(document, "", ())
    return settings


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
            settings[path] = setting


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
