"""The steps of which a change of files is made, so that it happens whole or not at all.

What is to come is written under a name of our own beside the file that it is for, and moved there at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from configlint.core.typing import Any
from configlint.host.read import read_bytes


def new(path: str) -> str:
    """Where a file is on its way in: a name that nobody else has, and that no suffix makes a spec."""
    return _beside(path, "configlint-new")


def old(path: str) -> str:
    """Where a file is kept while another takes its place."""
    return _beside(path, "configlint-old")


def _beside(path: str, suffix: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{suffix}")


def content(path: str) -> bytes | None:
    """What a file holds; None where there is none.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    if not os.path.lexists(path):
        return None
    try:
        return read_bytes(path)
    except FileNotFoundError:
        return b""  # a link that leads nowhere


def readable(path: str) -> bytes:
    """What a file holds; nothing where there is none, or no reading it."""
    with suppress(OSError):
        return content(path) or b""
    return b""


def beginning(path: str) -> bytes:
    """How a regular file begins; nothing where there is none.

    Raises:
        OSError: it cannot be read.
    """
    if not os.path.isfile(path):
        return b""
    with open(path, "rb") as file:
        return file.read(1000)


def mapping(path: str) -> dict[str, Any]:
    """What a JSON file holds, if it can be read and is a mapping."""
    import json  # a fortieth of a check, which reads no JSON

    try:
        found = json.loads(readable(path))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def create(path: str, content: bytes) -> None:
    """Write a new file, whatever lies there under our name for it: a link is not followed."""
    remove(path)
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: str, content: bytes) -> None:
    """Write a file whole or not at all, and the folders that it needs.

    Raises:
        OSError: it cannot be written.
    """
    with about(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if os.path.exists(path) and not os.path.isfile(path):  # /dev/stdout, a pipe
            with open(path, "wb") as file:
                file.write(content)
            return
        create(new(path), content)
        os.replace(new(path), path)


def remove(path: str) -> None:
    with suppress(OSError):
        os.remove(path)


@contextmanager
def about(path: str) -> Iterator[None]:
    """An error inside is about this path: the user's name for it, not that of what is temporary."""
    try:
        yield
    except OSError as error:
        error.filename = path
        raise


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Inside, no other configlint writes into the folder; where it cannot be locked, as on some network file
    systems, nothing keeps it from that."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with ExitStack() as stack:
        with suppress(OSError):
            descriptor = os.open(folder or ".", os.O_RDONLY)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
