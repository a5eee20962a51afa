"""An argument was added in a later release than the one that runs the job.

The config class rejects an argument that it does not have, so the job fails at its start. Where an older name means
the same, `compile` writes that one, and this is a note.

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
from configlint.core.plan import Plan, Use
from configlint.core.release import Layer, Version, written
from configlint.core.remedy import Drop, Move, Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.rules.argument import elsewhere, has_strangers, is_compiled, is_of_trainer, is_over, is_scripts


@rule(Severity.ERROR, when=has_strangers)
def check(plan: Plan) -> Iterator[Finding]:
    for use, layer in elsewhere(plan):
        if is_over(layer, use.name):
            continue
        came = layer.arguments[use.name]["life"][0][0]
        old = _old_name(plan, use, layer)
        is_written = old is not None and is_compiled(plan)
        yield Finding(
            use.path,
            f"`{plan.name(use.path)}` was added in {layer.package} {written(came)}; "
            f"this job runs {plan.runs(layer.package, layer.version)}",
            _remedies(plan, use, layer, old, came),
            severity=Severity.INFO if is_written else None,
            on_key=True,
            compiled=is_written,
        )


def _remedies(plan: Plan, use: Use, layer: Layer, old: str | None, came: Version) -> list[Remedy]:
    if old is None:
        return [Drop(use.path), Put(layer.package, written(came), why="the job must then run that release")]
    if is_compiled(plan):
        return [Say(f"no action needed: `compile` writes `{old}`")]
    return [Move(use.path, f"{use.path.partition('.')[0]}.{old}")]


def _old_name(plan: Plan, use: Use, layer: Layer) -> str | None:
    """What this release calls it."""
    if is_of_trainer(use):
        return next((name for name, argument in layer.held().items() if argument.facts.get("by") == use.name), None)
    return None if is_scripts(use) else plan.release.spelling(use.name)
