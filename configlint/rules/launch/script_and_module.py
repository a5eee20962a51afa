"""A script and a module are both to be launched.

A launcher starts one of them: either would be left out without a word.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {script: train.py, module: trl.scripts.sft}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    launch: {module: trl.scripts.sft}

Source: torch 2.13 distributed/run.py, config_from_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_SCRIPT, _MODULE = "launch.script", "launch.module"


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    settings = plan.spec.settings
    if _SCRIPT in settings and _MODULE in settings:
        script, module = settings[_SCRIPT], settings[_MODULE]
        layers = {(setting.span.source.name, setting.target) for setting in (script, module)}
        yield Finding(
            _MODULE,
            "launch names a script and a module, where one can be started",
            help="delete one" if len(layers) == 1 else "set the one that is inherited to `null`",
            related=((_SCRIPT, "the script"),),
        )
