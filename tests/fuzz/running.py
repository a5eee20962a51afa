"""The program in this process, with streams of its own, and what it takes: a process for each run would cost a
hundred times what most runs do."""

from __future__ import annotations

import gc
import io
import re
import resource
import sys
import time
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import NamedTuple
from unittest.mock import patch

from configlint.program import main

LIMIT_CPU_SECONDS = 2.0
LIMIT_MEMORY_MIB = 300
_FRAME = re.compile(r'File "(?:[^"]*/)?configlint/([^"]+)", line (\d+), in (\S+)')


class Result(NamedTuple):
    """`code` is None where something else than SystemExit came out."""

    arguments: tuple[str, ...]
    code: int | None
    out: bytes
    err: str
    cpu_seconds: float
    memory_mib: float  # at most, beyond what the process had before


class Fault(NamedTuple):
    """`kind` is the same for what most likely has the same cause."""

    kind: str
    detail: str


def run(*arguments: str, stdin: bytes = b"") -> Result:
    """The program, in the current folder."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="")
    code: int | None = None
    escaped = ""
    depth, limit = _depth(), sys.getrecursionlimit()
    # A process of its own begins with an empty stack.
    sys.setrecursionlimit(limit + depth)
    had = memory_now_mib()
    start = time.process_time()
    try:
        with (
            patch.object(sys, "argv", ["configlint", *arguments]),
            patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            main()
    except SystemExit as exit:
        code = exit.code if isinstance(exit.code, int) else None
    except BaseException:
        escaped = _traceback()
    seconds, memory = time.process_time() - start, peak_mib() - had
    sys.setrecursionlimit(limit)
    gc.enable()  # the program is too short to need it, many runs in one process are not
    gc.unfreeze()
    if seconds > 0.1:
        gc.collect()  # so that the next run does not find a heap that it can use for nothing
    texts = [_written(stream) for stream in (out, err)]
    return Result(arguments, code, texts[0], texts[1].decode(errors="replace") + escaped, seconds, memory)


def _written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    content = stream.buffer
    assert isinstance(content, io.BytesIO)
    return content.getvalue()


def _depth() -> int:
    frame, depth = sys._getframe(), 0
    while frame.f_back:
        frame, depth = frame.f_back, depth + 1
    return depth


def _traceback() -> str:
    import traceback

    return traceback.format_exc()


def memory_now_mib() -> float:
    """What this process has now, from where its peak is counted anew. Where a system cannot do that, the most that
    it ever had: a run has to go beyond that to be noticed."""
    with suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return peak_mib()


def peak_mib() -> float:
    """The most memory that this process had since its peak was counted anew."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def own_faults(result: Result) -> list[Fault]:
    """What is a fault of any command."""
    said = f"exit {result.code}\n{result.err[-3000:]}"
    if result.code not in (0, 1, 2) or "Traceback (most recent call last)" in result.err:
        return [Fault(f"exit {result.code}: {_cause(result.err)}", said)]
    if result.code == 2 and not result.err.strip():
        return [Fault("exit 2 without a word", said)]
    return []


def _cause(err: str) -> str:
    """The first exception of a traceback and where in the program it came from, without the line: that changes."""
    first = err.partition("\nThe above exception")[0]
    frames = _FRAME.findall(first)
    file, _, function = frames[-1] if frames else ("nowhere", "", "")
    names = re.findall(r"(?m)^([A-Za-z_.]*(?:Error|Exception|Interrupt|Crash|Stop|Exit)\b)", first)
    return f"{names[-1] if names else 'no exception'} in {file} {function}"
