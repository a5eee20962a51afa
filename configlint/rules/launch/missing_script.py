"""`launch` names neither a script nor a module.

Without one of them there is no command to write to launch.sh.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {launcher: accelerate}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {launcher: accelerate, script: train.py}

Source: torch 2.13 distributed/run.py, get_args_parser; accelerate 1.15 commands/launch.py, launch_command_parser
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule

_SCRIPT, _MODULE = "launch.script", "launch.module"


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    section = plan.spec.settings.get("launch")
    if section is None or not section.mapping or not plan.can_say(_SCRIPT):
        return
    if not plan.given(_SCRIPT) and not plan.given(_MODULE):
        message = f"`{plan.name('launch')}` requires a script or a module"
        yield Finding("launch", message, [Put(_SCRIPT, "train.py", why="the path of your script")], on_key=True)
