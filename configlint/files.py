"""Files in: what of a folder to look at, and text out of bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from configlint.diagnostic import Diagnostic, Severity
from configlint.source import Source, Span

SUFFIXES = (".yaml", ".yml", ".json")
# More bytes are more characters than the reader takes, and may be a data set of many gigabytes.
_LARGEST_BYTES = 4_000_000
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
    data = data.removeprefix(b"\xef\xbb\xbf")  # the mark that Windows editors begin with
    try:
        return Source(name, data.decode())
    except UnicodeDecodeError as error:
        lines = Source(name, data[: error.start].decode()).lines()
        source = Source(name, data.decode(errors="replace"))
        span = Span(source, len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return Diagnostic("syntax/encoding", Severity.ERROR, message, span, "save the file as UTF-8")


def could_be_spec(data: bytes) -> bool:
    return _COULD_BE_SPEC.search(data) is not None


def is_meant_as_spec(source: Source) -> bool:
    """Whether a text that cannot be parsed would be a spec if it could."""
    return _IS_MEANT_AS_SPEC.search(source.text) is not None


def walk(folder: str) -> Iterator[str]:
    """The YAML and JSON files below a folder that git does not ignore and that can be a spec by their
    size, sorted."""
    paths = _known_to_git(folder)
    if paths is None:
        paths = list(_below(folder))
    for path in sorted(path for path in paths if path.endswith(SUFFIXES)):
        full = os.path.normpath(os.path.join(folder, path))
        if os.path.isfile(full) and os.path.getsize(full) <= _LARGEST_BYTES:
            yield full


def _known_to_git(folder: str) -> list[str] | None:
    """What git tracks or would track, relative to the folder; None where there is no git to ask."""
    import subprocess  # 5 ms, for folders only

    command = ["git", "-C", folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    # A hook has them for its own repository and folder; here the folder that is asked about decides.
    local = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
    environment = {name: value for name, value in os.environ.items() if name not in local}
    try:
        result = subprocess.run(command, capture_output=True, check=False, env=environment)
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
