"""job.sbatch held against this machine's Slurm, which is asked and starts nothing."""

from __future__ import annotations

import os
import shutil
import subprocess

from configlint.verify.verdict import Made, Verdict

_NAME = "job.sbatch"
TIMEOUT_SECONDS = 30


def read(made: Made) -> list[Verdict]:
    """What Slurm says of a plan's job, where there is one to ask. A refusal is no error: the job may be for another
    cluster than this."""
    if _NAME not in made.texts or unavailable():
        return []
    words = refused(made.texts[_NAME])
    if words is None:
        return [Verdict(_NAME, "sbatch")]
    return [Verdict(_NAME, None, (f"{_NAME} (sbatch on this cluster: {words})",))]


def unavailable() -> str | None:
    """Why no Slurm can be asked here; None where one answers."""
    if not shutil.which("sbatch") or not shutil.which("scontrol"):
        return "sbatch is not installed"
    status, words = _run(["scontrol", "ping"])
    return None if status == 0 else f"Slurm does not answer: {words}"


def refused(text: str) -> str | None:
    """What Slurm says against a job, given as the text of its script, or that it did not answer; None where it
    accepts. Limits that the cluster does not enforce it does not look at."""
    status, words = _run(["sbatch", "--test-only"], text)
    return None if status == 0 else words


def _run(command: list[str], stdin: str = "") -> tuple[int, str]:
    """The exit status and the last line of what is said, without the program's name and where to read more."""
    try:
        process = subprocess.run(
            command,
            input=stdin.encode("utf-8", errors="surrogateescape"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_SECONDS,
            cwd=os.sep,  # not in the folder that is checked
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, f"{command[0]} gave no answer in {TIMEOUT_SECONDS} s"
    except OSError as error:
        return 1, f"{command[0]} cannot be run: {error.strerror}"
    lines = [line.strip() for line in process.stdout.decode("utf-8", errors="replace").splitlines()]
    last = next((line for line in reversed(lines) if line and not line.startswith("Try ")), "no message")
    for start in (f"{command[0]}: ", "error: ", "fatal: "):
        last = last.removeprefix(start)
    return process.returncode, last
