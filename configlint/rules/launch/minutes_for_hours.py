"""A time limit that looks like hours is minutes.

Slurm reads `24:00` as minutes and seconds: it ends the job after 24 minutes, usually before the first checkpoint.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {time: "24:00"}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, slurm: {time: "24:00:00"}}

Source: Slurm 22.05 sbatch(1), --time
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.launch import asks_for_slurm

_NAMES = ("time", "time-min")


@rule(Severity.INFO, when=asks_for_slurm)
def check(plan: Plan) -> Iterator[Finding]:
    for name in _NAMES:
        text = str(plan.spec.section("launch.slurm").get(name))
        if match := re.fullmatch(r"(\d{1,6}):(\d\d)", text, re.ASCII):
            minutes, seconds = int(match[1]), int(match[2])
            words = count(minutes, "minute") + (f" and {count(seconds, 'second')}" if seconds else "")
            path = f"launch.slurm.{name}"
            as_hours, as_minutes = f"{text}:00", f"0:{text}" if seconds else minutes
            message = f"`{name}` {text} means {words} to Slurm, not hours"
            yield Finding(path, message, [Put(path, as_hours), Put(path, as_minutes)])
