"""configlint's own spec: what it is known by, and how its layers are merged."""

from __future__ import annotations

import re
from collections.abc import Iterable

from configlint.document import Mapping, Node, Scalar, plain
from configlint.spec import Setting, Spec

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


def base(document: Mapping) -> Scalar | None:
    entry = document.entries.get("extends")
    value = entry.value if entry else None
    return value if isinstance(value, Scalar) and isinstance(value.value, str) and value.value else None


def target_names(documents: list[Mapping]) -> tuple[str, ...]:
    return tuple(_overlays(documents))


def lower(documents: list[Mapping], target: str | None, assignments: list[Mapping]) -> Spec:
    settings: Settings = {}
    for document in documents:
        _overlay(settings, _flatten(document, None))
    for overlay in _overlays(documents).get(target or "", ()):
        layer = _flatten(overlay, target)
        accelerator = layer.get("hardware.accelerator")
        if accelerator and (accelerator.mapping or accelerator.value is not None):
            _remove(settings, "hardware")  # it is another machine
        _overlay(settings, layer)
    for assignment in assignments:
        _overlay(settings, _flatten(assignment, None))
    return Spec(documents[-1].span.source, settings, target, target_names(documents))


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
    for path, setting in layer.items():
        if setting.mapping:
            if path in _WHOLE or not settings.get(path, setting).mapping:
                _remove(settings, path)
            settings[path] = setting
        else:
            _remove(settings, path)
            if setting.value is not None or path.startswith(_OPEN):
                settings[path] = setting


def _remove(settings: Settings, path: str) -> None:
    removed = settings.pop(path, None)
    if removed is not None and removed.mapping:
        for name in [name for name in settings if name.startswith(path + ".")]:
            del settings[name]
