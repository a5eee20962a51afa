"""Signals that end the program: what was begun is cleaned up first, and then they do what they do."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Not every system has all of them.
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Stopped(BaseException):
    """A signal asks the program to end."""

    def __init__(self, number: int) -> None:
        self.number = number


@contextmanager
def raised() -> Iterator[None]:
    """Inside, the signals raise Stopped, once: nothing interrupts the cleaning up. One that was ignored when the
    program started, as nohup has it, stays ignored."""
    before = {number: signal.getsignal(number) for number in _ENDING}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def stop(number: int, frame: FrameType | None) -> None:
        for each in heard:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    try:
        for number in heard:
            signal.signal(number, stop)
    except ValueError:  # only the main thread may
        heard = []
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


@contextmanager
def held() -> Iterator[None]:
    """Inside, the signals wait: what must not be half done is done whole."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def die_of(number: int) -> None:
    """End as the signal would have ended the program, so that a shell that runs it in a loop ends too."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
