"""The scripts held against bash, which reads them and runs nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from configlint.core.plan import Plan
from configlint.verify.places import refusal
from configlint.verify.verdict import Made, Verdict

_NAMES = ("launch.sh", "job.sbatch")


def read(made: Made) -> list[Verdict]:
    """What bash says of a plan's scripts, if it has any."""
    return [_read(made.plan, name, made.texts[name]) for name in _NAMES if name in made.texts]


def _read(plan: Plan, name: str, text: str) -> Verdict:
    if shutil.which("bash") is None:
        return Verdict(name, None, (f"{name} (bash is not installed)",))
    script = text.encode("utf-8", "surrogateescape")
    # Not in the folder that is checked: a PATH can begin with the current one.
    run = subprocess.run(["bash", "-n"], input=script, capture_output=True, cwd=os.sep, check=False)
    if run.returncode == 0:
        return Verdict(name, "bash")
    # `bash: line 9: unexpected EOF while looking for matching ...`
    said = run.stderr.decode("utf-8", "replace").strip().partition("\n")[0].removeprefix("bash: ")
    # All else in it is quoted. The line is that of the file, which is none of the spec's.
    path = "launch.setup" if plan.given("launch.setup") else None
    said = re.sub(r"^line \d+: ", "", said) if path else said
    return Verdict(name, None, (), (refusal(plan, name, "bash", f"rejects this: {said}", path),))
