"""An argument is set twice: in `training` and in `arguments`, or under two names.

Both sections are joined into one flat JSON file that can hold only one value for it.

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
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.knowledge.naming import owners


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for name in plan.arguments:
        # What has an owner elsewhere, or what the class lacks, is wrong whether it stands there once or twice.
        is_known = plan.release.spelling(name) or not plan.release.config_class
        if name in plan.training and name not in owners() and is_known:
            path, section = f"arguments.{name}", plan.name("training")
            yield Finding(
                path,
                f"`{plan.name(path)}` is also set in `{section}`, but the script can read only one value",
                [Drop(path)],
                related=((f"training.{name}", f"set in `{section}` here"),),
                on_key=True,
            )
    for name in plan.training:
        newest, *others = plan.release.aliases(name)
        # Of one that was removed, argument/removed says it.
        older = [alias for alias in others if alias in plan.training and alias in plan.release.arguments]
        if older and name == newest and name not in owners():
            path, new = f"training.{older[0]}", plan.name(f"training.{name}")
            yield Finding(
                path,
                f"`{plan.name(path)}` was replaced by `{new}`, but both are set",
                [Drop(path)],
                related=((f"training.{name}", f"`{new}` is set here"),),
                on_key=True,
            )
