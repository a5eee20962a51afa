"""What a release that there is no data of takes, where that very release is installed: in configlint's own
environment, or in the `.venv` of the project.

Its source is a stranger's: it is read as data, so much of it and no more, and nothing of it is shown.
"""

from __future__ import annotations

import ast
import os
import sysconfig
import warnings
from collections.abc import Iterator
from functools import cache

from configlint.core.regex import regex
from configlint.core.release import Version, version_of
from configlint.host.read import readable
from configlint.knowledge.sources import field_names

# What holds the config classes: a folder of the package, and its files by name.
_HOLD = {
    "transformers": ("transformers", regex(r"training_args(_seq2seq)?\.py")),
    "trl": (os.path.join("trl", "trainer"), regex(r"\w*(config|utils)\.py")),
}
# In TRL 1.16 they are 0.3 MB.
_MOST_BYTES = 1_000_000


@cache  # all targets of a spec ask for the same
def arguments_of(
    package: str, config_class: str | None, release: Version, environment: str | None
) -> frozenset[str] | None:
    """The arguments of a config class, by the source of a release; None where that is not installed, or there is no
    telling all of them."""
    for folder in _site_packages(environment):
        if config_class and any(_is_release(name, package, release) for name in _names_in(folder)):
            found = _read(folder, package, config_class)
            if found:
                return found
    return None


def _site_packages(environment: str | None) -> Iterator[str]:
    own = sysconfig.get_paths()
    yield from dict.fromkeys((own["purelib"], own["platlib"]))
    if environment:
        library = os.path.join(environment, "lib")
        yield from (
            os.path.join(library, name, "site-packages") for name in _names_in(library) if name.startswith("python")
        )
        yield os.path.join(environment, "Lib", "site-packages")  # on Windows


def _is_release(name: str, package: str, release: Version) -> bool:
    """Whether an entry of site-packages says that this release is installed there."""
    version = name.removeprefix(f"{package}-").removesuffix(".dist-info")
    return name == f"{package}-{version}.dist-info" and version_of(version) == release


def _names_in(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _read(folder: str, package: str, config_class: str) -> frozenset[str] | None:
    inner, holds = _HOLD[package]
    place = os.path.join(folder, inner)
    texts: dict[str, str] = {}
    size = 0
    for path, data in readable(place, filter(holds.fullmatch, _names_in(place))):
        size += len(data)
        if size > _MOST_BYTES:
            break
        texts[path] = data.decode(errors="replace")
    try:
        with warnings.catch_warnings(action="ignore"):  # they would show lines of it
            return field_names(config_class, texts, cache(lambda path: ast.parse(texts[path])))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two of what is nested too deeply
        return None
