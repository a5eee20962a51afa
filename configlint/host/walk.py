"""The files of a folder that are worth a look: neither what git ignores nor what belongs to somebody else.

git itself is never asked. In a repository that somebody else made, its settings can name commands to run.

Source: gitignore(5) and gitrepository-layout(5) of git 2.39
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from configlint.core.record import NamedTuple
from configlint.core.typing import TYPE_CHECKING
from configlint.host.read import LARGEST_BYTES, read_bytes

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SUFFIXES = (".yaml", ".yml", ".json", ".py", ".ipynb")
# Folders that hold other people's files, by their own names and by what lies in them: packages, virtual and conda
# environments, repositories of their own, bare ones too.
_FOREIGN = ("node_modules",)
_SIGNS_OF_FOREIGN = ({"pyvenv.cfg"}, {"conda-meta"}, {".git"}, {"HEAD", "objects", "refs"})
# Folders in folders. No project goes as deep, and a pattern's price grows with the depth.
_DEEPEST = 64
# Any number of folders in one pattern, likewise.
_MOST_STARS = 4


class _Layer(NamedTuple):
    """The patterns of one file, which speak of what is below `folder`."""

    folder: str
    patterns: GitIgnoreSpec


def walk(folder: str) -> Iterator[str]:
    """The YAML, JSON and Python files and notebooks below a folder that git would not ignore and that are small
    enough, sorted.

    A link counts only where it stays within the repository, or the folder where there is none.
    """
    start = os.path.realpath(folder)
    repository = _repository(start)
    top = repository or start
    layers = _layers_above(start, repository)
    if any(_is_ignored(path + "/", layers) for path in _down(top, start)[1:]):
        return
    found = (os.path.relpath(path, start) for path in _below(start, top, layers, 0))
    for path in sorted(found):
        yield os.path.normpath(os.path.join(folder, path))


def _below(folder: str, top: str, layers: Sequence[_Layer], depth: int) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    names = {entry.name for entry in entries}
    if depth > _DEEPEST or (depth and any(signs <= names for signs in _SIGNS_OF_FOREIGN)):
        return
    if ".gitignore" in names:
        layers = [*layers, *_layer(folder, os.path.join(folder, ".gitignore"))]
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            own = not entry.name.startswith(".") and entry.name not in _FOREIGN
            if own and not _is_ignored(entry.path + "/", layers):
                yield from _below(entry.path, top, layers, depth + 1)
        elif entry.name.endswith(SUFFIXES) and _is_readable(entry, top) and not _is_ignored(entry.path, layers):
            yield entry.path


def _is_readable(entry: os.DirEntry[str], top: str) -> bool:
    try:
        small = entry.is_file() and entry.stat().st_size <= LARGEST_BYTES
    except OSError:  # a link to itself
        return False
    return small and (not entry.is_symlink() or _is_within(os.path.realpath(entry.path), top))


def _is_within(path: str, folder: str) -> bool:
    return os.path.commonpath((path, folder)) == folder


def _is_ignored(path: str, layers: Sequence[_Layer]) -> bool:
    """Whether git ignores it: the file with the last word on it is the nearest. A folder's path ends in a slash."""
    for folder, patterns in reversed(layers):
        relative = path[len(folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        ignored = patterns.check_file(relative, separators=()).include
        if ignored is not None:
            return ignored
    return False


def _repository(folder: str) -> str | None:
    """The root of the repository that a folder is in."""
    for parent in (folder, *_parents(folder)):
        if os.path.lexists(os.path.join(parent, ".git")):
            return parent
    return None


def _parents(folder: str) -> Iterator[str]:
    while folder != (folder := os.path.dirname(folder)):
        yield folder


def _down(top: str, folder: str) -> list[str]:
    """The folders from one to another that is below it, both included."""
    if folder == top:
        return [top]
    return [*_down(top, os.path.dirname(folder)), folder]


def _layers_above(start: str, repository: str | None) -> list[_Layer]:
    """What says from above the folder what to ignore in it, the least important first."""
    if repository is None:
        return []
    files = [
        (repository, _users_file()),
        (repository, os.path.join(_git_folder(repository), "info", "exclude")),
        *((folder, os.path.join(folder, ".gitignore")) for folder in _down(repository, start)[:-1]),
    ]
    return [layer for folder, file in files for layer in _layer(folder, file)]


def _users_file() -> str:
    """The file in which the user says what git is to ignore everywhere."""
    home = os.path.expanduser("~")
    configs = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    place = os.path.join(configs, "git", "ignore")
    for config in (os.path.join(configs, "git", "config"), os.path.join(home, ".gitconfig")):
        section = ""
        for line in _lines(config):
            if header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
                section = header[1].lower()
            named = re.match(r"\s*excludesfile\s*=\s*(.*?)\s*$", line, re.IGNORECASE)
            if named and section == "core":
                place = os.path.expanduser(named[1].strip('"'))
    return place


def _git_folder(repository: str) -> str:
    """Where git keeps what is about a repository: `.git`, or what that file of a worktree leads to."""
    place = os.path.join(repository, ".git")
    for line in _lines(place):
        own = os.path.join(repository, line.removeprefix("gitdir:").strip())
        common = next(iter(_lines(os.path.join(own, "commondir"))), "")
        return os.path.join(own, common.strip())
    return place


def _layer(folder: str, file: str) -> list[_Layer]:
    """The patterns of a file, if it has any."""
    lines = [line for line in _lines(file) if line.strip() and not line.startswith("#")]
    lines = [line for line in lines if line.count("**") <= _MOST_STARS]
    if not lines:
        return []
    from configlint.host.patterns import compiled  # 20 ms

    return [_Layer(folder, compiled(lines))]


def _lines(path: str) -> list[str]:
    """The lines of a file; none where it cannot be read."""
    with suppress(OSError):
        return read_bytes(path).decode("utf-8", errors="surrogateescape").split("\n")
    return []
