"""The program as tests run it: in this process, with streams of its own; and the specs that they give it."""

from __future__ import annotations

import gc
import io
import os
import re
import sys
import textwrap
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from configlint.program import main

CLEAN = "batch: {effective: 64}\nhardware: {accelerator: cpu, devices_per_node: 8}\n"
ERROR = CLEAN.replace(": 8}", ": 7}")  # batch/indivisible at 1:20
WARNING = CLEAN.replace("64", "48")  # batch/not-power-of-two at 1:20
INFO = CLEAN.replace("64", "60").replace(": 8}", ": 6}")  # the same, as advice
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}


class Result(NamedTuple):
    code: int
    out: str
    err: str


def run(*arguments: str | Path, stdin: str | bytes = b"", encoding: str = "utf-8") -> Result:
    """The program, run in this process and in the current folder."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="") for _ in range(2)]
    with (
        patch.object(sys, "argv", ["configlint", *map(str, arguments)]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(data))),
        redirect_stdout(streams[0]),
        redirect_stderr(streams[1]),
        pytest.raises(SystemExit) as exit,
    ):
        try:
            main()
        finally:
            gc.enable()  # the program is too short to need it, the tests are not
            gc.unfreeze()
    for stream in streams:
        stream.flush()
    assert isinstance(exit.value.code, int)
    return Result(exit.value.code, *(stream.buffer.getvalue().decode(encoding) for stream in streams))


def write(name: str, text: str) -> Path:
    """A file with its folders, below the current one."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return path


def found(result: Result) -> list[str]:
    """The findings in a `text` or `concise` output as `file:line:column rule`."""
    headers = re.findall(r"^(\S.*?:\d+:\d+): (?:error|warning|info)\[(.+?)\]", result.out, re.MULTILINE)
    return [f"{place} {name}" for place, name in headers]
