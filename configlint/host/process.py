"""Processes that are asked something: a script that imports the training stack, or a program of this machine.

That import takes seconds, what it leaves behind would spoil the next question, and with the variables of a launcher
that is long gone it hangs. GPUs are hidden, so that the answer is the same on a login node and on the cluster.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from configlint.core.typing import Any

# What launchers and schedulers leave in the environment, and what reads it hangs or believes.
_STALE = (
    "ACCELERATE_", "DEEPSPEED_", "FSDP_", "GROUP_", "LOCAL_", "MASTER_", "MPI_", "OMPI_", "PARALLELISM_CONFIG_",
    "PET_", "PMI_", "PYTORCH_", "RANK", "ROLE_", "SLURM_", "SM_", "TORCH", "TRANSFORMERS_", "WORLD_SIZE",
)  # fmt: skip
_HIDDEN = {
    "CUDA_VISIBLE_DEVICES": "",
    "HIP_VISIBLE_DEVICES": "",
    "HF_HUB_OFFLINE": "1",
    "PYTHONUNBUFFERED": "1",
}


def ask(script: Path, questions: list[dict[str, Any]], seconds: int) -> list[dict[str, Any]] | str:
    """What the script prints as JSON when it reads the questions as JSON: an answer for each; or why there is none,
    in the second half of a sentence that begins with who was asked."""
    with TemporaryDirectory(prefix="configlint-", ignore_cleanup_errors=True) as folder:
        try:
            code, out, err = _run(script, json.dumps(questions, default=str), seconds, folder)
        except subprocess.TimeoutExpired:
            return f"gave no answer in {seconds} s"
    if code != 0:
        lines = err.strip().splitlines() or ["no message"]
        return f"failed: {lines[-1]}"
    answers: list[dict[str, Any]] = json.loads(out)
    return answers


def _run(script: Path, text: str, seconds: int, folder: str) -> tuple[int, str, str]:
    """The exit code and what is printed. The process runs in an empty folder, where there is nothing of what is
    checked to import. If we stop waiting for it, the processes that it started end with it."""
    process = subprocess.Popen(
        [sys.executable, "-P", str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        cwd=folder,
        env={**environment(os.environ), **_HIDDEN, "TMPDIR": folder},
        start_new_session=True,
    )
    try:
        out, err = process.communicate(text, timeout=seconds)
    except BaseException:
        with suppress(OSError, AttributeError):  # Windows has no groups of processes
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        raise
    return process.returncode, out, err


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The variables for a child: without those of a launcher, and without the places on Python's path that mean the
    current folder. Those that are whole stay: clusters have their packages there."""
    kept = {name: value for name, value in given.items() if not name.startswith(_STALE)}
    if "PYTHONPATH" in kept:
        places = [place for place in kept["PYTHONPATH"].split(os.pathsep) if os.path.isabs(place)]
        kept["PYTHONPATH"] = os.pathsep.join(places)
    return kept
