"""The script does not exist, but a file of nearly the same name does.

The job waits in the queue and then fails at once, because Python cannot open the script.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: trian.py}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py}

Source: torch 2.13 distributed/run.py, config_from_args; run: python3: can't open file 'trian.py'
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule

_PATH = "launch.script"


@rule(Severity.WARNING, when=lambda plan: plan.spec.meant_script is not None)
def check(plan: Plan) -> Iterator[Finding]:
    meant = plan.spec.meant_script
    if meant is not None:
        message = f"`{plan.name(_PATH)}` {plan.launch.script} does not exist"
        yield Finding(_PATH, message, [Put(_PATH, meant, why="that file exists")])
