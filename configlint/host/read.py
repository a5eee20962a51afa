"""Files in: the bytes of a file that somebody named, and text out of bytes."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator

from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.source import Source, Span

# More bytes are more characters than a syntax takes, and may be a data set of many gigabytes.
LARGEST_BYTES = 4_000_000
TOO_LARGE = f"larger than {LARGEST_BYTES // 1_000_000} MB"


def read_bytes(path: str) -> bytes:
    """The content of a regular file. Anything else is left alone: a device has no end, a pipe can wait forever.

    Raises:
        OSError: it cannot be read, is not a regular file, or is larger than LARGEST_BYTES.
    """
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)
    # Some files of /proc are regular, say that they are empty, and wait for what is to come.
    with open(path, "rb", opener=_open_without_waiting) as file:
        data = file.read(LARGEST_BYTES + 1) if status.st_size <= LARGEST_BYTES else None
    if data is None or len(data) > LARGEST_BYTES:
        raise OSError(errno.EFBIG, TOO_LARGE, path)
    return data


def readable(folder: str, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The files of these names in a folder, by path, and what they hold; without those that cannot be read."""
    for name in names:
        path = os.path.join(folder, name)
        try:
            data = read_bytes(path)
        except OSError:
            continue
        yield path, data


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def decode(name: str, data: bytes) -> Source | Diagnostic:
    """The text of a file, or the place of the first byte that is not UTF-8."""
    data = data.removeprefix(b"\xef\xbb\xbf")  # the mark that Windows editors begin with
    try:
        return Source(name, data.decode())
    except UnicodeDecodeError as error:
        lines = Source(name, data[: error.start].decode()).lines()
        source = Source(name, data.decode(errors="replace"))
        span = Span(source, len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return Diagnostic("syntax/encoding", Severity.ERROR, message, span, "save the file as UTF-8")


def reason(error: OSError | ValueError) -> str:
    """What the system said, without its number and the name."""
    words = (isinstance(error, OSError) and error.strerror) or str(error)
    return words[:1].lower() + words[1:]
