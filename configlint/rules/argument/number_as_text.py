"""A number is written as a text.

TrainingArguments checks no type: the optimizer or the scheduler fails, after the queue and the loading of the
model. In YAML 1.2, which a spec is, `2e-5` is a number without quotes; PyYAML reads it as a text. Where TRL's
parser makes a number of it, this is a warning.

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
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.argument import misfits
from configlint.rules.argument._kinds import as_number, described, is_converted


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in misfits(plan):
        number = as_number(use.value, argument.kinds)
        if number is not None:
            yield Finding(
                use.path,
                f'`{use.name}` is {described(argument.kinds)}, not the text "{use.value}"',
                f"write {use.value}, without quotes",
                severity=Severity.WARNING if is_converted(plan) else None,
                fix=Change(use.path, value=number),
            )
