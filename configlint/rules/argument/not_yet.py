"""An argument comes in a later release than the one that runs the job.

The class refuses an argument that it does not have: the job dies at its start. Where an older name means the
same, that is what is compiled, and this is a note.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    transformers: "4.30"
    training: {neftune_noise_alpha: 5}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {neftune_noise_alpha: 5}

Source: schemas/training_arguments.json, read from the wheels
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.rule import Finding, rule
from configlint.rules.argument import elsewhere, is_over, is_scripts


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for use, layer in elsewhere(plan):
        if is_over(layer, use.name):
            continue
        came = layer.arguments[use.name]["life"][0][0]
        old = None if is_scripts(use) else plan.release.spelling(use.name)
        yield Finding(
            use.path,
            f"`{use.name}` comes in {layer.package} {written(came)}, and {written(layer.version)} runs the job",
            f"compiled as `{old}`" if old else "leave it out, or run the job with that release",
            severity=Severity.INFO if old else None,
            on_key=True,
            compiled=old is not None,
        )
