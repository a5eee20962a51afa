"""An argument goes in a later release, and the one that runs the job has what takes its place.

It still works, with a warning in the log of every rank; after the next upgrade the job does not start. Where it
is the default that is written, this is a note.

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
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.rule import Finding, rule
from configlint.rules.argument import is_deprecated, known
from configlint.rules.argument._replacement import replacement
from configlint.rules.argument._resolved import is_fsdp


@rule(Severity.WARNING, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in known(plan):
        new = argument.facts.get("by")
        # Under FSDP another rule says what to write, and under which name.
        if new == "activation_checkpointing" and use.value is True and is_fsdp(plan):
            continue
        if is_deprecated(argument) and (new is None or argument.layer.get(new) or new in plan.release.arguments):
            since = argument.facts["deprecated"]
            message = f"`{use.name}` is deprecated since {argument.layer.package} {written(since)}"
            if use.value == argument.default:  # nothing warns of it yet
                gone = Change(use.path, delete=True)
                yield Finding(
                    use.path, message, "delete it: it is the default", Severity.INFO, on_key=True, fix=gone
                )
                continue
            help, fix, compiled = replacement(plan, use, argument.layer)
            yield Finding(use.path, message, help, on_key=True, fix=fix, compiled=compiled)
