"""An argument is deprecated, and the release that runs the job already has its replacement.

It still works, with a warning in the log of every rank; after a later upgrade the job fails at its start. Where the
value is the default, this is a note.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {gradient_checkpointing: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {activation_checkpointing: true}

Source: schemas/training_arguments.json, read from the wheels; schemas/arguments.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.rules.argument import is_deprecated, known, owner
from configlint.rules.argument._replacement import replacement
from configlint.rules.argument._resolved import is_fsdp


@rule(Severity.WARNING, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in known(plan):
        new = argument.facts.get("by")
        if any(alias != use.name and plan.writes(alias) for alias in plan.release.aliases(use.name)):
            continue  # argument/given-twice
        # Under FSDP, fsdp/double-checkpointing says what to write.
        if new == "activation_checkpointing" and use.value is True and is_fsdp(plan):
            continue
        if is_deprecated(argument) and (new is None or argument.layer.get(new) or new in plan.release.arguments):
            since = argument.facts["deprecated"]
            message = f"`{plan.name(use.path)}` was deprecated in {argument.layer.package} {written(since)}"
            if "default" in argument.facts and use.value == argument.default:  # nothing warns of it yet
                gone = Drop(use.path, f"it is {owner(plan, use, argument)}'s default", safe=True)
                yield Finding(use.path, message, [gone], Severity.INFO, on_key=True)
                continue
            remedies, compiled = replacement(plan, use, argument.layer)
            yield Finding(use.path, message, remedies, on_key=True, compiled=compiled)
