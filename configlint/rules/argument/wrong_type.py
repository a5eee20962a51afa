"""An argument has a value of another type than its class declares.

TrainingArguments checks no type: most such values fail later, after the queue and the loading of the model,
and some do something else than what was meant.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: high}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {learning_rate: 2.0e-5}

Source: schemas/training_arguments.json, read from the wheels;
transformers 5.23 training_args.py, __post_init__ (nothing converts a type)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.release import Argument
from configlint.core.rule import Finding, rule
from configlint.core.values import whole
from configlint.core.wording import code
from configlint.rules.argument import misfits
from configlint.rules.argument._kinds import as_boolean, as_number, described, is_boolean_for_word


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in misfits(plan):
        value = use.value
        if _has_its_own_rule(value, argument):
            continue
        message = f"`{use.name}` is {described(argument.kinds)}, not {_named(value)}"
        severity = None
        meant: object = None
        if "boolean" in argument.kinds and (value in (0, 1) or (value is None and "string" not in argument.kinds)):
            # Python takes it for what was meant; but of other arguments the class asks whether they are true.
            meant, severity = bool(value), Severity.WARNING if value is None else None
        elif isinstance(value, float) and "integer" in argument.kinds:
            meant = whole(value)
        help = f"write {code(meant) if meant is not None else described(argument.kinds)}"
        if isinstance(value, float) and 0 < value < 1 and use.name == "warmup_steps":
            help += f", or `warmup_ratio: {code(value)}`"  # before 5.0 a share has an argument of its own
        fix = Change(use.path, value=meant) if meant is not None else None
        yield Finding(use.path, message, help, severity, fix=fix)


def _has_its_own_rule(value: object, argument: Argument) -> bool:
    texts = as_number(value, argument.kinds), as_boolean(value, argument.kinds)
    return any(meant is not None for meant in texts) or is_boolean_for_word(value, argument)


def _named(value: object) -> str:
    if isinstance(value, str):
        return f'the text "{value}"'
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return code(value)
