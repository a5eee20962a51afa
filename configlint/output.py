"""Files out: all written or none, or compared with what is there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping

from configlint.artifact import Artifact

Folders = Mapping[str, list[Artifact]]


def write(folders: Folders) -> None:
    """Write the files of each folder; where one cannot be written, none is changed.

    Raises:
        OSError: one could not be written.
    """
    staged: list[tuple[str, str]] = []
    replaced: list[tuple[str, bytes | None]] = []
    try:
        for folder, artifacts in folders.items():
            os.makedirs(folder, exist_ok=True)
            for artifact in artifacts:
                path = os.path.join(folder, artifact.name)
                staged.append((_stage(folder, artifact), path))
        for temporary, path in staged:
            before = _content(path)
            os.replace(temporary, path)
            replaced.append((path, before))
    except BaseException:
        for path, before in replaced:
            _restore(path, before)
        for temporary, _ in staged:
            if os.path.exists(temporary):
                os.remove(temporary)
        raise


def differences(folders: Folders) -> Iterator[str]:
    """The lines of a unified diff from what is there to what would be written."""
    import difflib

    for folder, artifacts in folders.items():
        for artifact in artifacts:
            path = os.path.join(folder, artifact.name)
            before = (_content(path) or b"").decode("utf-8", errors="replace")
            if before != artifact.text or not os.path.exists(path):
                old, new = before.splitlines(keepends=True), artifact.text.splitlines(keepends=True)
                yield from difflib.unified_diff(old, new, path, f"{path} (compiled)")


def _stage(folder: str, artifact: Artifact) -> str:
    """The file under a name of its own beside the place it goes to, so that moving it there is atomic."""
    handle, temporary = tempfile.mkstemp(prefix=f".{artifact.name}.", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(artifact.text.encode("utf-8"))
        os.chmod(temporary, (0o777 if artifact.executable else 0o666) & ~_umask())
    except BaseException:
        os.remove(temporary)
        raise
    return temporary


def _content(path: str) -> bytes | None:
    if not os.path.lexists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def _restore(path: str, before: bytes | None) -> None:
    if before is None:
        os.remove(path)
    else:
        with open(path, "wb") as file:
            file.write(before)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
