"""The GPUs of this machine, as its driver lists them. It is asked by its own program: no library is loaded."""

from __future__ import annotations

import shutil
import subprocess

from configlint.core.record import NamedTuple

_SECONDS = 20
_QUESTION = ("--query-gpu=name,memory.total", "--format=csv,noheader,nounits")


class Gpus(NamedTuple):
    """How many there are of one kind, and the memory of each."""

    name: str
    number: int
    mebibytes: int


def gpus() -> Gpus | None:
    """Those of the kind that most are of; None where there are none, or the driver does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *_QUESTION], capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    kinds = [line.rpartition(", ") for line in done.stdout.splitlines()]
    named = [(name.strip(), int(memory)) for name, _, memory in kinds if memory.strip().isdecimal()]
    if not named:
        return None
    name, mebibytes = max(named, key=named.count)
    return Gpus(name, named.count((name, mebibytes)), mebibytes)
