"""`launch` names both a script and a module.

A launcher starts only one of them and would silently ignore the other.

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
from configlint.core.remedy import Drop, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.rules._scripts import other_trainer

_SCRIPT, _MODULE = "launch.script", "launch.module"


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    settings = plan.spec.settings
    if _SCRIPT in settings and _MODULE in settings:
        name, script = plan.name("launch"), settings[_SCRIPT].value
        yield Finding(
            _MODULE,
            f"`{name}` must name either a script or a module, got both",
            _remedies(plan),
            related=((_SCRIPT, f"`{plan.name(_SCRIPT)}` is {code(script)}"),),
        )


def _remedies(plan: Plan) -> list[Remedy]:
    own, inherited = sorted((_SCRIPT, _MODULE), key=lambda path: _is_inherited(plan, path))
    if _is_inherited(plan, own) == _is_inherited(plan, inherited):
        trainer = other_trainer(plan._replace(launch=plan.launch._replace(script=None)))
        without: Remedy = (Drop(_SCRIPT), Put("trainer", trainer)) if trainer else Drop(_SCRIPT)
        return [Drop(_MODULE), without]
    return [Say(f"write `{inherited.rpartition('.')[2]}: null` next to `{plan.name(own)}`")]


def _is_inherited(plan: Plan, path: str) -> tuple[bool, bool]:
    """Whether it stands outside of the target, and outside of the file."""
    setting = plan.spec.settings[path]
    return setting.target is None, setting.key.source.name != plan.spec.source.name
