"""Files out: all written or none, or compared with what is there; and a user's own, with another text.

A folder that was compiled into lists in its plan.json what was written: what a later compilation does not
make any more is removed with it, as a launch.sh beside a JSON that it is not for would train something else.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from configlint.artifact import Artifact

Folders = Mapping[str, list[Artifact]]
_MARK = "\ufeff"


def write(folders: Folders) -> None:
    """Write the files of each folder; where one cannot be written, none is changed.

    Raises:
        OSError: one could not be written.
    """
    made: list[str] = []
    temporaries: list[str] = []
    done: list[tuple[str, str | None]] = []  # each path that was changed, and where its old file is
    path = ""
    try:
        staged = []
        for folder, artifacts in folders.items():
            path = folder
            made += _missing(folder)
            os.makedirs(folder, exist_ok=True)
            for artifact in artifacts:
                path = os.path.join(folder, artifact.name)
                temporaries.append(_temporary(path))
                _stage(temporaries[-1], artifact)
                staged.append((temporaries[-1], path))
        for temporary, path in [*staged, *(("", path) for path in _stale(folders))]:
            aside = _set_aside(path, temporaries)
            if temporary:
                os.replace(temporary, path)
            else:
                os.remove(path)
            done.append((path, aside))
    except BaseException as error:
        for changed, aside in reversed(done):
            with suppress(OSError):
                os.replace(aside, changed) if aside else os.remove(changed)
        if isinstance(error, OSError):
            error.filename = path  # the user's name for it, not that of what is temporary
        _clear(temporaries, made)
        raise
    _clear(temporaries, [folder for folder, artifacts in folders.items() if not artifacts])


def differences(folders: Folders) -> Iterator[str]:
    """The lines of a unified diff from what is there to what would be written."""
    texts = {os.path.join(folder, file.name): file.text for folder, files in folders.items() for file in files}
    for path in [*texts, *_stale(folders)]:
        before = (_content(path) or b"").decode("utf-8", errors="surrogateescape")
        after = texts.get(path, "")
        if before != after:
            name = f"{path} (compiled)" if path in texts else os.devnull
            yield from unified(before, after, path, name)


def unified(before: str, after: str, path: str, name: str) -> Iterator[str]:
    """The lines of a unified diff from one text to another, under a name for each."""
    import difflib

    for line in difflib.unified_diff(_lines(before), _lines(after), path, name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def rewrite(path: str, before: str, after: str) -> None:
    """Put a text in the place of another, at once: the file, where a link leads, keeps its permissions, its
    owner where we may give it, and the mark that it begins with.

    Raises:
        OSError: it cannot be written, or what is there is not `before`. Then it is as it was.
    """
    place = os.path.realpath(path)
    temporary = ""
    try:
        content = _content(place) or b""
        mark = _MARK if content.startswith(_MARK.encode()) else ""
        if content == (mark + after).encode():
            return  # under another name, it was written already
        if not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        temporary = _temporary(place)
        with open(temporary, "wb") as file:
            file.write((mark + after).encode())
            file.flush()
            os.fsync(file.fileno())
        _give_permissions(place, temporary)
        if _content(place) != (mark + before).encode():
            raise OSError(errno.ESTALE, "it changed since it was read")
        os.replace(temporary, place)
    except BaseException:
        _clear([temporary] if temporary else [], [])
        raise


def _give_permissions(path: str, to: str) -> None:
    status = os.stat(path)
    with suppress(OSError, AttributeError):  # Windows has no such owner
        os.chown(to, status.st_uid, status.st_gid)
    os.chmod(to, stat.S_IMODE(status.st_mode))


def mark_of(path: str, text: str) -> str:
    """The mark that Windows editors begin a file with, if this one has it before the text."""
    with suppress(OSError):
        if _content(path) == (_MARK + text).encode():
            return _MARK
    return ""


def made_of(spec: str, output: str) -> list[str]:
    """The folders that earlier compilations of a spec made: the output folder itself, and those of targets. Another
    spec may have been compiled beside it."""
    try:
        below = sorted(entry.name for entry in os.scandir(output) if entry.is_dir())
    except OSError:
        return []
    found = []
    for target in (None, *below):
        folder = os.path.normpath(os.path.join(output, target or ""))
        made = _made(folder)
        if made.get("spec") == os.path.basename(spec) and made.get("target") == target:
            found.append(folder)
    return found


def _stale(folders: Folders) -> list[str]:
    """What an earlier compilation wrote and this one does not."""
    return [
        os.path.join(folder, name)
        for folder, artifacts in folders.items()
        for name in _written_before(folder)
        if name not in {artifact.name for artifact in artifacts} and os.path.isfile(os.path.join(folder, name))
    ]


def _written_before(folder: str) -> list[str]:
    names = _made(folder).get("files")
    # Only what is in the folder itself, whatever somebody made of the list.
    known = names if isinstance(names, list) else []
    return [name for name in known if isinstance(name, str) and os.path.basename(name) == name]


def _made(folder: str) -> dict[str, Any]:
    """What plan.json says of the folder; nothing where there is none."""
    try:
        plan = json.loads(_content(os.path.join(folder, "plan.json")) or b"")
    except (OSError, ValueError, RecursionError):
        return {}
    return plan if isinstance(plan, dict) else {}


def _temporary(path: str) -> str:
    """A name of its own beside the place that it is for, so that moving it there is atomic."""
    handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=os.path.dirname(path) or ".")
    os.close(handle)
    return temporary


def _stage(temporary: str, artifact: Artifact) -> None:
    with open(temporary, "wb") as file:
        file.write(artifact.text.encode("utf-8", errors="surrogateescape"))
    os.chmod(temporary, (0o777 if artifact.executable else 0o666) & ~_umask())


def _set_aside(path: str, temporaries: list[str]) -> str | None:
    """The old file under another name, to be moved back if need be; None where there is none."""
    if not os.path.lexists(path):
        return None
    temporaries.append(_temporary(path))
    os.remove(temporaries[-1])
    try:
        os.link(path, temporaries[-1], follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(path, temporaries[-1], follow_symlinks=False)
    return temporaries[-1]


def _clear(files: list[str], folders: list[str]) -> None:
    """Remove what was made on the way, as far as it is still there."""
    for file in files:
        with suppress(OSError):
            os.remove(file)
    for folder in reversed(folders):
        with suppress(OSError):
            os.rmdir(folder)


def _missing(folder: str) -> list[str]:
    """The folders on the way to this one that are still to be made, outermost first."""
    if not folder or os.path.lexists(folder):
        return []
    return [*_missing(os.path.dirname(folder)), folder]


def _content(path: str) -> bytes | None:
    if not os.path.lexists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
