"""An argument is given twice: in `training` and in `arguments`, or under two names.

All of them are joined into one flat JSON, which can hold one value only.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {seed: 1}
    arguments: {seed: 2}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {seed: 1}
    arguments: {model_name_or_path: gpt2}

Source: transformers 5.23 hf_argparser.py, parse_dict
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for name in plan.arguments:
        if name in plan.training:
            yield Finding(
                f"arguments.{name}",
                f"`{name}` is in training too, and the JSON holds one of them",
                "delete one: a field of the trainer's class stands in training, what only the script reads here",
                related=((f"training.{name}", "in training"),),
                on_key=True,
            )
    for name in plan.training:
        newest, *others = plan.release.aliases(name)
        older = [alias for alias in others if alias in plan.training]
        if older and name == newest:
            yield Finding(
                f"training.{older[0]}",
                f"`{older[0]}` and `{name}` are one argument",
                f"delete `{older[0]}`",
                related=((f"training.{name}", f"{name} is given too"),),
                on_key=True,
            )
