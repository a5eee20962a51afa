"""Files in: what of a folder to look at, and text out of bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from configlint.diagnostic import Diagnostic, Severity
from configlint.source import Source, Span

SUFFIXES = (".yaml", ".yml", ".json")
# A folder holds other YAML and JSON, some of it large: only what could be a spec is parsed at all.
_COULD_BE_SPEC = re.compile(rb"""["']?\b(?:configlint|batch|hardware)["']?\s*:""")
_IS_MEANT_AS_SPEC = re.compile(r"""^(?:configlint|batch|hardware)\s*:""", re.MULTILINE)


def read_bytes(path: str) -> bytes:
    """Raises:
    OSError: there is no reading it.
    """
    with open(path, "rb") as file:
        return file.read()


def decode(name: str, data: bytes) -> Source | Diagnostic:
    """The text of a file, or the place of the first byte that is no UTF-8."""
    try:
        return Source(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        lines = Source(name, data[: error.start].decode("utf-8-sig")).lines()
        source = Source(name, data.decode("utf-8-sig", errors="replace"))
        span = Span(source, len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return Diagnostic("syntax/encoding", Severity.ERROR, message, span, "save the file as UTF-8")


def could_be_spec(data: bytes) -> bool:
    return _COULD_BE_SPEC.search(data) is not None


def is_meant_as_spec(source: Source) -> bool:
    """Whether a text that cannot be parsed would be a spec if it could."""
    return _IS_MEANT_AS_SPEC.search(source.text) is not None


def walk(folder: str) -> Iterator[str]:
    """The YAML and JSON files below a folder that git does not ignore, sorted."""
    paths = _known_to_git(folder)
    if paths is None:
        paths = list(_below(folder))
    for path in sorted(path for path in paths if path.endswith(SUFFIXES)):
        full = os.path.normpath(os.path.join(folder, path))
        if os.path.isfile(full):
            yield full


def _known_to_git(folder: str) -> list[str] | None:
    """What git tracks or would track, relative to the folder; None where there is no git to ask."""
    import subprocess  # 5 ms, for folders only

    command = ["git", "-C", folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        result = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return None
    if result.returncode != 0:
        return None
    return list(dict.fromkeys(os.fsdecode(path) for path in result.stdout.split(b"\0") if path))


def _below(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "node_modules"]
        for file in files:
            yield os.path.relpath(os.path.join(parent, file), folder)
