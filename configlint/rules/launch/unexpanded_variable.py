"""A variable of the shell, or a home folder, stands where nothing puts its value in.

launch.sh quotes what a spec says, so that it means the same on every machine: a PATH with `$PATH` in it loses all
programs, and the job ends; a cache goes to a folder that is called `${SCRATCH}`, and nobody notices. Where a dollar
is meant as one, ignore this.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, env: {HF_HOME: "${SCRATCH}/hf"}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, setup: 'export HF_HOME="${SCRATCH}/hf"'}

Source: bash(1), QUOTING; run: bash exports what is in single quotes as it stands, and sbatch takes `$HOME` as it is
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules._variables import variable

_HOME = re.compile(r"^~(?=/|$)|(?<=:)~(?=/)")
_SECRET = re.compile(r"KEY|PASSWORD|SECRET|TOKEN")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for name, value in plan.spec.section("launch.env").items():
        text = str(value)
        if (found := _meant(text)) and not (_SECRET.search(name) and not text.startswith("$")):
            help = f"write it in setup: `export {name}={_quoted(text)}`, and leave it out here"
            yield Finding(f"launch.env.{name}", _message(found, name), help)
    for name in ("workdir", "script"):
        setting = plan.spec.settings.get(f"launch.{name}")
        text = str(setting.value) if setting else ""
        if found := _meant(text):
            folder, _, file = text.rpartition("/") if name == "script" else (text, "", "")
            then = f" and `script: {file}`" if file else ", and leave it out here"
            help = f"write `setup: cd {_quoted(folder)}`{then}" if folder else "write its name"
            yield Finding(f"launch.{name}", _message(found, name), help)
    for name, value in plan.spec.section("launch.slurm").items():
        if name != "comment" and isinstance(value, str) and (found := _meant(value)):
            of_file = "; of a file's name, `%u` is the user" if name in ("error", "input", "output") else ""
            help = f"write the value itself{of_file}"
            yield Finding(f"launch.slurm.{name}", _message(found, name), help)


def _meant(text: str) -> str | None:
    """The first variable, or home folder, that a text speaks of."""
    home = _HOME.search(text)
    return variable(text) or (home[0] if home else None)


def _quoted(text: str) -> str:
    """As bash takes it, with the home folder by its variable: quotes keep a `~` from meaning one."""
    return '"' + re.sub(r'(["`\\])', r"\\\1", _HOME.sub("$HOME", text)) + '"'


def _message(found: str, name: str) -> str:
    return f"nothing puts a value in for `{found}` here: {name} is taken as it stands"
