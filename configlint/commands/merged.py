"""`show`: what was written, merged, as a spec again, with the place of each value."""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.spec import Setting, Spec, as_written
from configlint.core.values import AT_RUNTIME
from configlint.core.wording import in_a_line, listing
from configlint.core.writing import written
from configlint.frontends import OWN

# Of longer lines the place stands behind a blank.
_WIDTH = 60

_Tree = dict[str, "_Tree | Setting"]


# What a plan requires, in the order that people write it.
_REQUIRED = ("batch", "hardware")


def shown(specs: list[Spec]) -> str:
    """A document of YAML for each spec."""
    return "---\n".join(map(_document, specs))


def _document(spec: Spec) -> str:
    tree: _Tree = {}
    for path, setting in as_written(spec.settings).items():
        *sections, last = _keys(spec, path, setting)
        node = tree
        for section in sections:
            below = node.setdefault(section, {})
            node = below if isinstance(below, dict) else {}
        if not setting.mapping:
            node[last] = setting
        elif not isinstance(node.get(last), dict):
            node[last] = {}
    title = [(f"# target {spec.target}", "")] if spec.target else []
    if "batch" not in spec.settings and spec.dialect is OWN.DIALECT:
        missing = [f"`{name}`" for name in _REQUIRED if name not in spec.settings]
        title.append((f"# a base: a spec that extends it must add {listing(missing)}", ""))
    lines = [*title, *_lines(tree, "")]
    width = max((len(text) for text, place in lines if place and len(text) <= _WIDTH), default=0)
    return "".join(f"{text:{width}}  # {place}\n" if place else f"{text}\n" for text, place in lines)


def _keys(spec: Spec, path: str, setting: Setting) -> tuple[str, ...]:
    """The keys down to a setting. Those of our own files may have dots; those of others have other names."""
    is_own = spec.dialect is OWN.DIALECT and setting.keys
    return setting.keys if is_own else tuple(path.split("."))


def _lines(tree: _Tree, indent: str) -> Iterator[tuple[str, str]]:
    """Each line, and the place of its value."""
    for key, held in tree.items():
        name = f"{indent}{written(key)}:"
        if isinstance(held, Setting):
            place = in_a_line(str(held.span))
            if held.value is AT_RUNTIME:
                yield f"{indent}# {key}", f"{place}: only known at runtime"
            else:
                yield f"{name} {written(held.value)}", place
        elif held:
            yield name, ""
            yield from _lines(held, f"{indent}  ")
        else:
            yield f"{name} {{}}", ""
