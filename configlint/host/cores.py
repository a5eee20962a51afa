"""Work that is shared by the cores of this machine."""

from __future__ import annotations

import marshal
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from configlint.core.typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# For fewer items, a process is not worth starting.
_LEAST = 50
# More take longer to start than they save.
_MOST_PROCESSES = 16
# After so many items a process gives up if it has no answer for most of them.
_TRIED = 20


def answers(ask: Callable[[Item], Answer | None], items: Sequence[Item]) -> list[Answer | None]:
    """What `ask` returns for each item, None or a value that `marshal` knows: found by a copy of this process on
    each core.

    None stands too where nobody asked: where there are few items or one core, where a process cannot be copied
    safely, and where a copy failed or gave up.
    """
    found: list[Answer | None] = [None] * len(items)
    if sys.platform != "linux":
        return found
    processes = min(_cores(), _MOST_PROCESSES, len(items) // _LEAST)
    if processes < 2:
        return found
    children = []
    try:
        for number in range(processes):
            # Dealt out in turn: the files of one folder are alike, folders are not.
            with suppress(OSError):  # no more processes or files are allowed
                children.append((number, *_start(ask, items[number::processes])))
        for number, _, pipe in children:
            with open(pipe, "rb", closefd=False) as file, suppress(EOFError, ValueError, TypeError):
                for place, answer in enumerate(marshal.load(file)):
                    found[number + place * processes] = answer
    except BaseException:
        for _, process, _ in children:
            os.kill(process, signal.SIGKILL)
        raise
    finally:
        for _, process, pipe in children:
            os.close(pipe)
            os.waitpid(process, 0)
    return found


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _start(ask: Callable[[Item], Answer | None], items: Sequence[Item]) -> tuple[int, int]:
    """A copy of this process, and the end of a pipe that it tells its answers to."""
    reading, writing = os.pipe()
    try:
        process = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if process:
        os.close(writing)
        return process, reading
    # Nothing of what this process has to do at its end is done twice.
    try:
        with open(writing, "wb") as pipe:
            marshal.dump(_told(ask, items), pipe)
    finally:
        os._exit(0)


def _told(ask: Callable[[Item], Answer | None], items: Sequence[Item]) -> list[Answer | None]:
    told: list[Answer | None] = []
    for item in items:
        told.append(ask(item))
        if len(told) == _TRIED and told.count(None) > _TRIED / 2:
            break
    return told
