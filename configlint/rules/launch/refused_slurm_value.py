"""sbatch rejects the value of an option.

sbatch then rejects the whole job, at submission. A time without colons is minutes, a size is an integer with a
letter, and an option without a value is written as true.

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
from configlint.core.regex import regex
from configlint.core.remedy import Drop, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.rules.launch import asks_for_slurm
from configlint.rules.launch._sbatch import OPTIONS
from configlint.rules.launch._sbatch_values import FLAGS, FORMS, FREE, OF_FLAGS

# `24h`, `2 days`.
_UNITS = regex(r"\s*(\d{1,9})\s*([dhm])(?:ays?|ours?|rs?|in|ins|inutes?)?\s*", re.IGNORECASE | re.ASCII)
_WORDS = {"d": "days", "h": "hours", "m": "minutes"}


@rule(Severity.ERROR, when=asks_for_slurm)
def check(plan: Plan) -> Iterator[Finding]:
    for name, value in plan.spec.section("launch.slurm").items():
        wrong = _without(name) if value is True else _wrong(name, str(value)) if _is_text(value) else None
        if wrong:
            message, remedies = wrong
            yield Finding(f"launch.slurm.{name}", message, remedies)


def _is_text(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


_Wrong = tuple[str, list[Remedy]] | None


def _without(name: str) -> _Wrong:
    """What is wrong with an option that has no value, and the remedies."""
    if name not in OPTIONS or name in (*FLAGS, *FREE):
        return None
    if name in FORMS:
        return f"`{name}` must be {FORMS[name][1]}, got true", [Drop(f"launch.slurm.{name}")]
    return f"`{name}` requires a value, got true", [Say("write a value"), Drop(f"launch.slurm.{name}")]


def _wrong(name: str, text: str) -> _Wrong:
    """What is wrong with a value, and the remedies."""
    path, lines = f"launch.slurm.{name}", len(text.splitlines())
    if lines > 1:
        return f"`{name}` must be one line for job.sbatch, got {lines} lines", [Say("write it on one line")]
    if name in FLAGS and text != OF_FLAGS.get(name):
        return f"`{name}` takes no value in sbatch, got {_shown(text)}", [Put(path, True), Drop(path)]
    if name not in FORMS or _fits(name, text):
        return None
    meant = _meant(name, text)
    remedies: list[Remedy] = [] if meant is None else [Put(path, meant)]
    return f"`{name}` must be {FORMS[name][1]}, got {_shown(text)}", remedies


def _fits(name: str, text: str) -> bool:
    return re.fullmatch(FORMS[name][0], text, re.IGNORECASE | re.ASCII) is not None


def _shown(text: str) -> str:
    """A value; in quotes where its blanks, or the quotes themselves, are what is wrong."""
    return f'"{text}"' if text != text.strip() or text.lower() == "true" else text


def _meant(name: str, text: str) -> object:
    """The value that was most likely meant; None where nobody can tell."""
    if name in ("exclusive", "no-kill") and text.lower() in ("true", "yes", "1"):
        return True
    if name in ("time", "time-min", "delay-boot") and (match := _UNITS.fullmatch(text)):
        number, unit = match[1], match[2].lower()
        return f"{number}:00:00" if unit == "h" else f"{number}-00" if unit == "d" else int(number)
    if name == "begin" and (match := _UNITS.fullmatch(re.sub(r"\s*(now)?\s*\+", "", text))):
        return f"now+{match[1]}{_WORDS[match[2].lower()]}"
    shorter = "".join(text.split()) if FORMS[name][0] == FORMS["mem"][0] else text.strip()
    return shorter if _fits(name, shorter) else None
