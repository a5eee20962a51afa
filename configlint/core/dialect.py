"""A dialect: what its files are known by, what it calls things, and what its loader makes of a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from configlint.core.record import NamedTuple
from configlint.core.typing import Literal


class Reader(NamedTuple):
    """What the real loader does with a text.

    How it reads a plain scalar; whether it turns a text into the number or the boolean that is wanted; what becomes
    of a key that it does not know; the arguments of the trainer's class that it declares itself, so that no
    release of Transformers takes them away; and whether it replaces a per-device batch that generations do not
    divide.
    """

    scalars: Literal["yaml-1.1", "yaml-1.2", "json", "argv", "python"]
    coerces: bool
    unknown: Literal["refused", "dropped", "kept"]
    redeclared: frozenset[str] = frozenset()
    replaces_batch: bool = False


class Root(NamedTuple):
    """The keys at the root of a file, those of them that hold mappings, and the keys of these, `section.key`; of a
    file in Python, the functions that it calls."""

    keys: frozenset[str]
    sections: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    calls: bool = False


class Marks(NamedTuple):
    """By what files of a dialect are known: `words` are keys of which a text must have one to be worth parsing,
    `fit` says of its root whether it is one, `fit_base` whether another can start from it."""

    words: tuple[str, ...]
    fit: Callable[[Root], bool]
    fit_base: Callable[[Root], bool] | None = None

    def is_base(self, root: Root) -> bool:
        return self.fit_base is not None and self.fit_base(root)


class Dialect(NamedTuple):
    """A way to write down a training.

    `title` is what a file of it is in a sentence. `names` are canonical paths and what is written for them, as the
    keys down from the root with dots between; a path that is not there cannot be said. `training.*` stands for all
    paths in that section, `*` for all there are, and in a name for what it stood for in the path. `readers` are by
    syntax: `yaml` or `json`. `releases` are those of packages that the tool itself pins, for files and projects
    that state none. `extends` is the key that names a file to start from, where the dialect has such.
    """

    name: str
    title: str
    marks: Marks
    names: Mapping[str, str]
    readers: Mapping[str, Reader]
    releases: Mapping[str, str] = {}
    extends: str | None = None

    def route(self, path: str) -> tuple[str, ...] | None:
        """The keys down to where a path is written; None where it cannot be said."""
        if path in self.names:
            return tuple(self.names[path].split("."))
        section, _, rest = path.partition(".")
        if rest and (name := self.names.get(f"{section}.*")):
            # What stands in place of the star is one key, dots or not.
            *above, last = name.split(".")
            return (*above, last.replace("*", rest))
        return tuple(path.split(".")) if "*" in self.names else None


def in_words(keys: tuple[str, ...]) -> str:
    """A written setting in a sentence: with its section, save those whose keys are known by their own names."""
    return ".".join(keys[1:] if len(keys) > 1 and keys[0] in ("training", "arguments") else keys)
