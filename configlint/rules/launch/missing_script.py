"""It is said how to launch, but not what.

Without a script or a module there is no command to write into launch.sh.

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
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    section = plan.spec.settings.get("launch")
    if section is None or not section.mapping:
        return
    if not plan.given("launch.script") and not plan.given("launch.module"):
        help = "write `script: train.py`, or `module: trl.scripts.sft`"
        yield Finding("launch", "launch names neither a script nor a module", help=help, on_key=True)
