"""An argument without a default is not set.

Up to transformers 4.48, `output_dir` has no default. TrainingArguments cannot be created without it, so the job
fails at its start. A script of your own may set it, so there it is a warning.

Bad:

    transformers: "4.46"
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2.0e-5}

Good:

    transformers: "4.46"
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2.0e-5, output_dir: out}

Source: schemas/training_arguments.json, read from the wheels
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import is_required, written
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR, when=lambda plan: plan.release.transformers < (4, 49))
def check(plan: Plan) -> Iterator[Finding]:
    for name, argument in plan.release.arguments.items():
        path = plan.path(name)
        if is_required(argument) and not plan.given(path) and name not in plan.arguments:
            message = f"{argument.layer.package} {written(argument.layer.version)} requires `{plan.name(path)}`"
            if plan.launch.script is None:
                yield Finding(path, message, [Put(path, "out")])
            else:
                message += "; the job fails unless the script sets it"
                yield Finding(path, message, [Put(path, "out")], Severity.WARNING)
