"""A number is written as a string.

TrainingArguments checks no types: the optimizer or the scheduler fails, after the job has waited in the queue and
loaded the model. A spec is YAML 1.2, where an unquoted `2e-5` is a number; PyYAML reads it as a string. Where TRL's
parser converts the string to a number, this is a warning.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: "2e-5"}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2e-5}

Source: transformers 5.23 training_args.py, __post_init__ (nothing converts a type); run: learning_rate "2e-5" is
accepted, and fails in the optimizer
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument import has_misfits, misfits
from configlint.rules.argument._kinds import as_number, described, is_converted


@rule(Severity.ERROR, fixes=True, when=has_misfits)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in misfits(plan):
        number = as_number(use.value, argument.kinds)
        if number is not None:
            yield Finding(
                use.path,
                f'`{plan.name(use.path)}` must be {described(argument.kinds)}, got the string "{use.value}"',
                [Put(use.path, number, safe=True)],
                severity=Severity.WARNING if is_converted(plan) else None,
            )
