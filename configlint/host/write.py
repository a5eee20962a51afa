"""Compiled files out: all written or none, or compared with what is there.

A folder that was compiled into says in its plan.json what was written, with digests. Anything else there is
somebody's work, and is not replaced unless that is asked for. While files are replaced, a journal beside them has
the digests of the old and the new ones, so that after a kill the next run knows all of them for its own.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress

from configlint.core.artifact import NAMES, Artifact
from configlint.core.digests import digest, is_sealed
from configlint.core.record import NamedTuple
from configlint.core.typing import Any
from configlint.host import signals
from configlint.host.atomic import about, content, create, locked, mapping, new, old, readable, remove

Folders = Mapping[str, list[Artifact]]
_PLAN = "plan.json"
_JOURNAL = ".configlint-journal"


class NotOurs(Exception):
    """What is there, and was not compiled or was changed since. `undated` says that a plan.json is of the first
    version, which has no digests to know its files by."""

    def __init__(self, paths: list[str], undated: bool) -> None:
        super().__init__(", ".join(paths))
        self.paths = paths
        self.undated = undated


class _Change(NamedTuple):
    """A file that gets the artifact's content; without an artifact, one that goes."""

    folder: str
    name: str
    artifact: Artifact | None

    @property
    def path(self) -> str:
        return os.path.join(self.folder, self.name)


def write(folders: Folders, force: bool = False) -> None:
    """Write the files of each folder, and remove what an earlier compilation left there; where one cannot be
    written, none is changed.

    Raises:
        NotOurs: it would replace or remove what was not compiled; `force` does.
        OSError: a file could not be written.
    """
    made: list[str] = []
    try:
        for folder in folders:
            made += _missing(folder)
            with about(folder):
                os.makedirs(folder, exist_ok=True)
        with ExitStack() as locks:
            # The folder above, as it is one for all targets.
            for parent in sorted({os.path.dirname(folder) for folder in folders}):
                locks.enter_context(locked(parent))
            if not force:
                refuse_foreign(folders)
            _write({folder: list(_changes(folder, artifacts)) for folder, artifacts in folders.items()})
    except BaseException:
        _remove_empty(reversed(made))
        raise
    _remove_empty(folder for folder, artifacts in folders.items() if not artifacts)


def write_new(path: str, data: bytes) -> bool:
    """Write one file, unless another is there; whether it is there now.

    Raises:
        OSError: it could not be written.
    """
    with about(path):
        if os.path.lexists(path):
            return content(path) == data
        create(new(path), data)
        try:
            os.chmod(new(path), 0o666 & ~_umask())
            os.link(new(path), path)  # unlike a move, it replaces nothing
        except FileExistsError:
            return False
        finally:
            remove(new(path))
    return True


def refuse_foreign(folders: Folders) -> None:
    """Raises:
    NotOurs: `write` would replace or remove what was not compiled.
    OSError: what is there cannot be read.
    """
    foreign: list[str] = []
    for folder, artifacts in folders.items():
        ours = _digests(folder)
        foreign += [change.path for change in _changes(folder, artifacts) if not _is_ours(change, ours)]
    if foreign:
        raise NotOurs(foreign, undated=any(isinstance(_made(folder).get("files"), list) for folder in folders))


def incomplete(folders: Iterable[str]) -> list[str]:
    """The folders that a compilation was writing into when it was killed."""
    return [folder for folder in folders if os.path.lexists(os.path.join(folder, _JOURNAL))]


def differences(folders: Folders) -> Iterator[tuple[str, str, str | None]]:
    """Each file that is not as it would be written: its path, the text that is there, and the one that would be;
    None where it would go."""
    for folder, artifacts in folders.items():
        for change in _changes(folder, artifacts):
            before = (content(change.path) or b"").decode("utf-8", errors="surrogateescape")
            after = change.artifact.text if change.artifact else None
            if before != (after or ""):
                yield change.path, before, after


def made_of(spec: str, output: str) -> list[str]:
    """The folders that earlier compilations of a spec made: the output folder itself, and those of targets. Another
    spec may have been compiled beside it."""
    try:
        names = sorted(os.listdir(output))
    except OSError:
        return []
    found = []
    for target in (None, *(name for name in names if os.path.isdir(os.path.join(output, name)))):
        folder = os.path.normpath(os.path.join(output, target or ""))
        made = _made(folder) or mapping(os.path.join(folder, _JOURNAL))
        if made.get("spec") == os.path.basename(spec) and made.get("target") == target:
            found.append(folder)
    return found


def _changes(folder: str, artifacts: Iterable[Artifact]) -> Iterator[_Change]:
    """What is to be written, and what an earlier compilation wrote and this one does not."""
    names = set()
    for artifact in artifacts:
        names.add(artifact.name)
        yield _Change(folder, artifact.name, artifact)
    earlier: set[str] = set()
    for record in (_PLAN, _JOURNAL):
        files = mapping(os.path.join(folder, record)).get("files")
        if isinstance(files, list | dict):
            earlier |= {_PLAN, *(name for name in NAMES if name in files)}
    for name in sorted(earlier - names):
        if os.path.isfile(os.path.join(folder, name)):
            yield _Change(folder, name, None)


def _write(changes: Mapping[str, list[_Change]]) -> None:
    """Stage the files of all folders, note what is about to happen, and let it happen whole."""
    every = [change for group in changes.values() for change in group]
    interrupted = set(incomplete(changes))
    try:
        for change in every:
            with about(change.path):
                _stage(change)
        for folder, group in changes.items():
            _note(folder, group)
        with signals.held():
            _commit(every)
            _clear(changes, changes)
    except BaseException:
        # What an earlier kill left half done is still half done.
        _clear(changes, changes.keys() - interrupted)
        raise


def _stage(change: _Change) -> None:
    if change.artifact is not None:
        create(new(change.path), change.artifact.data)
        os.chmod(new(change.path), (0o777 if change.artifact.executable else 0o666) & ~_umask())


def _note(folder: str, changes: Iterable[_Change]) -> None:
    """Write the journal: the digests of all that can be found here until it is gone."""
    digests = _digests(folder)
    made = _made(folder) or mapping(os.path.join(folder, _JOURNAL))
    for change in changes:
        held = digests.setdefault(change.name, set())
        held.add(digest(readable(change.path)))
        if change.artifact is not None:
            held.add(digest(change.artifact.data))
            made = json.loads(change.artifact.text) if change.name == _PLAN else made
    journal = {
        "spec": made.get("spec"),
        "target": made.get("target"),
        "files": {name: sorted(held) for name, held in digests.items()},
    }
    place = os.path.join(folder, _JOURNAL)
    with about(folder):
        create(new(place), json.dumps(journal).encode())
        os.replace(new(place), place)


def _commit(changes: Iterable[_Change]) -> None:
    done: list[tuple[_Change, bool]] = []  # each change, and whether there was a file before
    try:
        for change in changes:
            with about(change.path):
                was_there = _set_aside(change)
                if change.artifact is not None:
                    os.replace(new(change.path), change.path)
                else:
                    os.remove(change.path)
            done.append((change, was_there))
    except BaseException:
        for change, was_there in reversed(done):
            with suppress(OSError):
                os.replace(old(change.path), change.path) if was_there else os.remove(change.path)
        raise


def _set_aside(change: _Change) -> bool:
    """Keep the old file under another name, to be moved back if need be; whether there is one."""
    if not os.path.lexists(change.path):
        return False
    remove(old(change.path))
    try:
        os.link(change.path, old(change.path), follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(change.path, old(change.path), follow_symlinks=False)
    return True


def _clear(folders: Iterable[str], done: Iterable[str]) -> None:
    """Remove what was made on the way, now or by a run that was killed; and the journals of those that are done."""
    for folder in folders:
        for name in (*NAMES, _JOURNAL):
            remove(new(os.path.join(folder, name)))
            remove(old(os.path.join(folder, name)))
    for folder in done:
        remove(os.path.join(folder, _JOURNAL))


def _is_ours(change: _Change, digests: Mapping[str, set[str]]) -> bool:
    found = content(change.path)
    if found is None or (change.artifact is not None and found == change.artifact.data):
        return True
    return digest(found) in digests.get(change.name, ())


def _digests(folder: str) -> dict[str, set[str]]:
    """The digests of what compilations wrote here, by the names of the files: what a plan.json says that nobody
    changed, and what a journal does."""
    found: dict[str, set[str]] = {}
    written, plan = readable(os.path.join(folder, _PLAN)), _made(folder)
    if is_sealed(written, str(plan.get("digest"))):
        found[_PLAN] = {digest(written)}
        for name, said in _files(plan).items():
            found.setdefault(name, set()).add(str(said))
    for name, several in _files(mapping(os.path.join(folder, _JOURNAL))).items():
        found.setdefault(name, set()).update(map(str, several if isinstance(several, list) else ()))
    return found


def _files(record: dict[str, Any]) -> dict[str, Any]:
    files = record.get("files")
    return {name: said for name, said in files.items() if name in NAMES} if isinstance(files, dict) else {}


def _made(folder: str) -> dict[str, Any]:
    """What plan.json says of the folder; nothing where there is none."""
    return mapping(os.path.join(folder, _PLAN))


def _remove_empty(folders: Iterable[str]) -> None:
    for folder in folders:
        with suppress(OSError):
            os.rmdir(folder)


def _missing(folder: str) -> list[str]:
    """The folders on the way to this one that are still to be made, outermost first."""
    if not folder or os.path.lexists(folder):
        return []
    return [*_missing(os.path.dirname(folder)), folder]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
