"""An argument was removed before the release that runs the job.

The config class rejects an argument that it does not have, as the trainer does, and the script's parser rejects an
unknown key. The job fails at its start, after it has waited in the queue. For an argument that was only renamed,
`compile` writes the new name.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {evaluation_strategy: epoch}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {eval_strategy: epoch}

Source: schemas/training_arguments.json, read from the wheels
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.rule import Finding, rule
from configlint.rules.argument import elsewhere, has_strangers, is_of_trainer, is_over
from configlint.rules.argument._replacement import replacement


@rule(Severity.ERROR, fixes=True, when=has_strangers)
def check(plan: Plan) -> Iterator[Finding]:
    for use, layer in elsewhere(plan):
        if is_over(layer, use.name):
            life = layer.arguments[use.name]["life"]
            went = next((last for _, last in reversed(life) if last and last <= layer.version), None)
            # Of a release that there is no data of, its source says so.
            when = (
                f"in {layer.package} {written(went)}" if went else f"after {layer.package} {written(layer.version)}"
            )
            of_trainer = f" from {plan.constructor.trainer}" if plan.constructor and is_of_trainer(use) else ""
            message = f"`{plan.name(use.path)}` was removed{of_trainer} {when}"
            remedies, compiled = replacement(plan, use, layer)
            yield Finding(use.path, message, remedies, on_key=True, compiled=compiled)
