"""A shell variable or `~` is used where it is not expanded.

launch.sh quotes the values of a spec, so that they mean the same on every machine. With `$PATH` in PATH no program
is found and the job fails; a cache with `${SCRATCH}` in its path goes to a folder of that literal name. Ignore
this rule where a literal dollar sign is meant.

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
from configlint.core.regex import regex
from configlint.core.remedy import Drop, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.rules._variables import variable
from configlint.rules.launch import has_signs

_SETUP = "launch.setup"
_HOME = regex(r"^~(?=/|$)|(?<=:)~(?=/)")
_SECRET = regex(r"KEY|PASSWORD|SECRET|TOKEN")


@rule(Severity.ERROR, when=has_signs)
def check(plan: Plan) -> Iterator[Finding]:
    for name, value in plan.spec.section("launch.env").items():
        text = str(value)
        if (found := _meant(text)) and not (_SECRET.search(name) and not text.startswith("$")):
            yield Finding(f"launch.env.{name}", _message(found, name), [_exported(plan, name, text)])
    for path in ("launch.workdir", "launch.script"):
        setting = plan.spec.settings.get(path)
        text = str(setting.value) if setting else ""
        if found := _meant(text):
            yield Finding(path, _message(found, plan.name(path)), [_entered(plan, path, text)])
    for name, value in plan.spec.section("launch.slurm").items():
        if name != "comment" and isinstance(value, str) and (found := _meant(value)):
            is_file = name in ("error", "input", "output")
            help = (
                "write the path itself; sbatch expands `%u` to the user name"
                if is_file
                else "write the value itself"
            )
            yield Finding(f"launch.slurm.{name}", _message(found, name), [Say(help)])


def _exported(plan: Plan, name: str, text: str) -> Remedy:
    """Where the shell puts in the value of an environment variable."""
    if text in (f"${name}", f"${{{name}}}"):
        return Drop(f"launch.env.{name}", why="the job inherits it from the environment that starts it")
    export = f"export {name}={_quoted(text)}"
    return Say(f"remove it and add `{export}` to `{plan.name(_SETUP)}`", needs=(_SETUP,))


def _entered(plan: Plan, path: str, text: str) -> Remedy:
    """Where the shell puts in the name of a folder."""
    folder, _, file = text.rpartition("/") if path == "launch.script" else (text, "", "")
    if not folder or _meant(file):
        return Say("write the path itself")
    enter = f"add `cd {_quoted(folder)}` to `{plan.name(_SETUP)}`"
    return Say(f"{enter} and write `script: {file}`" if file else f"remove it and {enter}", needs=(_SETUP,))


def _meant(text: str) -> str | None:
    """The first variable or home folder in a text."""
    home = _HOME.search(text)
    return variable(text) or (home[0] if home else None)


def _quoted(text: str) -> str:
    """As bash takes it, with the home folder by its variable: quotes keep a `~` from meaning one."""
    return '"' + re.sub(r'(["`\\])', r"\\\1", _HOME.sub("$HOME", text)) + '"'


def _message(found: str, name: str) -> str:
    return f"`{found}` in `{name}` is not expanded; it is used literally"
