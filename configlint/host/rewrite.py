"""A user's own files, with other texts: all of those that go together, or none.

One file is moved there at once. Where there are several, a journal in each of their folders says what becomes of
all, and is gone when that is done: what a kill leaves half done, the next fix finishes first.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress

from configlint.core.digests import digest
from configlint.core.record import NamedTuple
from configlint.host import signals
from configlint.host.atomic import content, create, locked, mapping, new, readable, remove

_JOURNAL = ".configlint-fixes"
# Each is an open file, of which a process can have some hundreds.
_MOST_LOCKS = 200
# What Windows editors begin a file with.
_MARK = "\ufeff"


class _Change(NamedTuple):
    """A file at its real place, and the digests of what it holds and of what it is to hold."""

    place: str
    before: str
    after: str


def rewrite(texts: Mapping[str, tuple[str, str]]) -> dict[str, OSError]:
    """Give each file another text; `texts` has the old and the new one. The file, where a link leads, keeps its
    permissions, its owner where we may give it, and the mark that it begins with. What cannot be written, or does
    not hold the old text any more, stays as it was, and the answer has the reason."""
    problems: dict[str, OSError] = {}
    changes: dict[str, _Change] = {}
    with ExitStack() as locks:
        for folder in _folders(map(os.path.realpath, texts))[:_MOST_LOCKS]:
            locks.enter_context(locked(folder))
        try:
            for name, (before, after) in texts.items():
                try:
                    changes |= {change.place: change for change in _staged(os.path.realpath(name), before, after)}
                except OSError as error:
                    problems[name] = error
            _note(list(changes.values()))
            with signals.held():
                failed = {place: _move(change) for place, change in changes.items()}
                _clear(changes.values())
        except BaseException:
            _clear(changes.values())
            raise
    for name in texts:
        if problem := failed.get(os.path.realpath(name)):
            problems[name] = problem
    return problems


def finish(names: Iterable[str]) -> bool:
    """Finish what a fix that was killed began in these files, if all of it is about them; whether there was
    anything. Of what was only prepared nothing stays."""
    places = set(map(os.path.realpath, names))
    finished = False
    with ExitStack() as locks:
        for folder in _folders(places)[:_MOST_LOCKS]:
            locks.enter_context(locked(folder))
        for folder in _folders(places):
            changes = list(_noted(folder))
            if not changes or not {change.place for change in changes} <= places:
                continue
            with signals.held():
                if all(_is_ready(change) for change in changes):
                    finished = True
                    for change in changes:
                        _move(change)
                _clear(changes)
        for place in places:
            if not os.path.lexists(os.path.join(os.path.dirname(place), _JOURNAL)):
                remove(new(place))
    return finished


def mark_of(path: str, text: str) -> str:
    """The mark that Windows editors begin a file with, if this one has it before the text."""
    with suppress(OSError):
        if content(path) == (_MARK + text).encode():
            return _MARK
    return ""


def _staged(place: str, before: str, after: str) -> Iterator[_Change]:
    """The change of a file, of which the new text waits; none where under another name it was written already.

    Raises:
        OSError: it cannot be written, or what is there is not `before`.
    """
    found = content(place) or b""
    mark = _MARK if found.startswith(_MARK.encode()) else ""
    expected, wanted = ((mark + text).encode() for text in (before, after))
    if found == wanted:
        return
    if not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if found != expected:
        raise OSError(errno.ESTALE, "it changed since it was read")
    change = _Change(place, digest(expected), digest(wanted))
    try:
        create(new(place), wanted)
        _give_permissions(place, new(place))
    except BaseException:
        remove(new(place))
        raise
    yield change


def _move(change: _Change) -> OSError | None:
    """Put the new text in place, if it is not there yet; or why that cannot be."""
    try:
        found = digest(readable(change.place))
        if found == change.after:
            return None
        if found != change.before:
            raise OSError(errno.ESTALE, "it changed since it was read")
        os.replace(new(change.place), change.place)
    except OSError as error:
        return error
    return None


def _note(changes: list[_Change]) -> None:
    """Write the journals, where it takes them: what is one file is moved at once."""
    if len(changes) < 2:
        return
    for folder in _folders(change.place for change in changes):
        files = {os.path.relpath(change.place, folder): [change.before, change.after] for change in changes}
        create(os.path.join(folder, _JOURNAL), json.dumps({"files": files}).encode())


def _noted(folder: str) -> Iterator[_Change]:
    """What a journal says is to be changed; nothing where it is cut off, or no journal of ours."""
    files = mapping(os.path.join(folder, _JOURNAL)).get("files")
    for name, digests in files.items() if isinstance(files, dict) else ():
        if "\0" not in name and isinstance(digests, list) and len(digests) == 2:
            yield _Change(os.path.realpath(os.path.join(folder, name)), *map(str, digests))


def _is_ready(change: _Change) -> bool:
    """Whether it is done, or can be."""
    found = digest(readable(change.place))
    return found == change.after or (found == change.before and digest(readable(new(change.place))) == change.after)


def _clear(changes: Iterable[_Change]) -> None:
    changes = list(changes)
    for change in changes:
        remove(new(change.place))
    for folder in _folders(change.place for change in changes):
        remove(os.path.join(folder, _JOURNAL))


def _folders(places: Iterable[str]) -> list[str]:
    return sorted({os.path.dirname(place) for place in places})


def _give_permissions(path: str, to: str) -> None:
    status = os.stat(path)
    with suppress(OSError, AttributeError):  # Windows has no such owner
        os.chown(to, status.st_uid, status.st_gid)
    os.chmod(to, stat.S_IMODE(status.st_mode))
