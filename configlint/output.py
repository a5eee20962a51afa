"""Files out: all written or none, or compared with what is there."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress

from configlint.artifact import Artifact

Folders = Mapping[str, list[Artifact]]


def write(folders: Folders) -> None:
    """Write the files of each folder; where one cannot be written, none is changed.

    Raises:
        OSError: one could not be written.
    """
    made: list[str] = []
    staged: list[tuple[str, str]] = []
    replaced: list[tuple[str, tuple[bytes, int] | None]] = []
    path = ""
    try:
        for folder, artifacts in folders.items():
            path = folder
            made += _missing(folder)
            os.makedirs(folder, exist_ok=True)
            for artifact in artifacts:
                path = os.path.join(folder, artifact.name)
                staged.append((_stage(folder, artifact), path))
        for temporary, path in staged:
            before = _before(path)
            os.replace(temporary, path)
            replaced.append((path, before))
    except BaseException as error:
        for done, before in replaced:
            _restore(done, before)
        _clear([temporary for temporary, _ in staged], made)
        if isinstance(error, OSError):
            error.filename = path  # the user's name for it, not that of what is temporary
        raise


def differences(folders: Folders) -> Iterator[str]:
    """The lines of a unified diff from what is there to what would be written."""
    import difflib

    for folder, artifacts in folders.items():
        for artifact in artifacts:
            path = os.path.join(folder, artifact.name)
            before = (_content(path) or b"").decode("utf-8", errors="surrogateescape")
            if before != artifact.text:
                old, new = _lines(before), _lines(artifact.text)
                for line in difflib.unified_diff(old, new, path, f"{path} (compiled)"):
                    yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _stage(folder: str, artifact: Artifact) -> str:
    """The file under a name of its own beside the place it goes to, so that moving it there is atomic."""
    handle, temporary = tempfile.mkstemp(prefix=f".{artifact.name}.", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(artifact.text.encode("utf-8", errors="surrogateescape"))
        os.chmod(temporary, (0o777 if artifact.executable else 0o666) & ~_umask())
    except BaseException:
        os.remove(temporary)
        raise
    return temporary


def _clear(files: list[str], folders: list[str]) -> None:
    """Remove what was made on the way, as far as it is still there."""
    for file in files:
        if os.path.exists(file):
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


def _before(path: str) -> tuple[bytes, int] | None:
    """What a file holds and its mode, so that both can be restored."""
    content = _content(path)
    return None if content is None else (content, stat.S_IMODE(os.stat(path).st_mode))


def _restore(path: str, before: tuple[bytes, int] | None) -> None:
    if before is None:
        os.remove(path)
        return
    content, mode = before
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
