"""The value of an option is none that sbatch takes.

sbatch refuses the whole job for it, and only when it is submitted. A time without colons is minutes, a size is a
whole number and a letter, and an option that has no value is written as true.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {time: 24h}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {time: "24:00:00"}}

Source: Slurm 22.05 sbatch(1); run: sbatch is asked about each value of this rule's fixture
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.launch._sbatch import OPTIONS
from configlint.rules.launch._sbatch_values import FLAGS, FORMS, FREE, OF_FLAGS


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for name, value in plan.spec.section("launch.slurm").items():
        wrong = _without(name) if value is True else _wrong(name, str(value)) if _is_text(value) else None
        if wrong:
            yield Finding(f"launch.slurm.{name}", *wrong)


def _is_text(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _without(name: str) -> tuple[str, str] | None:
    """What is wrong with an option that has no value, and the remedy."""
    if name not in OPTIONS or name in (*FLAGS, *FREE):
        return None
    form = FORMS.get(name)
    return f"sbatch's {name} needs a value", f"write {form[1]}" if form else "write one, or leave the option out"


def _wrong(name: str, text: str) -> tuple[str, str] | None:
    """What is wrong with a value, and the remedy."""
    if len(text.splitlines()) > 1:
        return (
            f"the value of {name} has {len(text.splitlines())} lines, and job.sbatch one for it",
            "write one line",
        )
    if name in FLAGS and text != OF_FLAGS.get(name):
        return f"sbatch's {name} takes no value, and refuses `{text}`", f"write `{name}: true`, or leave it out"
    pattern, words = FORMS.get(name, ("", ""))
    if pattern and not re.fullmatch(pattern, text, re.IGNORECASE | re.ASCII):
        return f"sbatch refuses `{text}` as {name}", f"write {words}"
    return None
