"""launch.sh held against bash, which reads it and runs nothing."""

from __future__ import annotations

import shutil
import subprocess

from configlint.verify.places import refusal
from configlint.verify.verdict import Made, Verdict

_NAME = "launch.sh"


def read(made: Made) -> list[Verdict]:
    """What bash says of a plan's launch.sh, if it has one."""
    text = made.texts.get(_NAME)
    if text is None:
        return []
    if shutil.which("bash") is None:
        return [Verdict(_NAME, None, (f"{_NAME} (bash is not installed)",))]
    run = subprocess.run(
        ["bash", "-n"], input=text.encode("utf-8", "surrogateescape"), capture_output=True, check=False
    )
    if run.returncode == 0:
        return [Verdict(_NAME, "bash")]
    # `bash: line 9: unexpected EOF while looking for matching ...`
    said = run.stderr.decode("utf-8", "replace").strip().partition("\n")[0].removeprefix("bash: ")
    # All else in it is quoted.
    path = "launch.setup" if made.plan.given("launch.setup") else None
    return [Verdict(_NAME, None, (), (refusal(made.plan, _NAME, "bash", f"refuses this: {said}", path),))]
