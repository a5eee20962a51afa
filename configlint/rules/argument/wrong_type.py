"""A value has a type that its argument does not accept.

TrainingArguments checks no types: most such values fail later, after the job has waited in the queue and loaded the
model, and some are silently taken for something else.

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

from collections.abc import Iterator, Sequence

from configlint.core.diagnostic import Severity
from configlint.core.edit import KEPT
from configlint.core.plan import Plan, Use
from configlint.core.release import Argument
from configlint.core.remedy import Move, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.values import is_finite, mapping, whole
from configlint.core.wording import code
from configlint.rules.argument import has_misfits, is_scripts, misfits, removal
from configlint.rules.argument._kinds import as_boolean, as_number, described, is_boolean_for_word, percentage


@rule(Severity.ERROR, fixes=True, when=has_misfits)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in misfits(plan):
        value = use.value
        if _has_its_own_rule(value, argument):
            continue
        message = f"`{plan.name(use.path)}` must be {described(argument.kinds)}, got {_named(value)}"
        severity = None
        meant: object = None
        if "boolean" in argument.kinds and (value in (0, 1) or (value is None and "string" not in argument.kinds)):
            # Python takes it for what was meant; but of other arguments the class asks whether they are true.
            meant, severity = bool(value), Severity.WARNING if value is None else None
        elif isinstance(value, float) and "integer" in argument.kinds:
            meant = whole(value)
        remedies = _remedies(plan, use, argument) if meant is None else [Put(use.path, meant, safe=True)]
        yield Finding(use.path, message, remedies, severity)


def _remedies(plan: Plan, use: Use, argument: Argument) -> Sequence[Remedy]:
    """What to do where there is no telling what was meant."""
    share = _share(use.value)
    if share is not None and "number" in argument.kinds:
        return [Put(use.path, share)]
    if share is not None and use.name == "warmup_steps" and not is_scripts(use) and not plan.writes("warmup_ratio"):
        # Before 5.0 a share has an argument of its own.
        return [Move(use.path, "training.warmup_ratio", KEPT if share == use.value else share)]
    meant = _wrapped(use.value, argument)
    return removal(plan, use, argument) if meant is None else [Put(use.path, meant)]


def _share(value: object) -> float | None:
    """A share of the whole, also where it is written as a percentage."""
    written = percentage(value)
    if written is not None:
        return written
    return value if isinstance(value, float) and 0 < value < 1 else None


def _wrapped(value: object, argument: Argument) -> object:
    """The value as what is expected: quoted, in a list, or out of its quotes; None where that is impossible."""
    if isinstance(value, str):
        if "object" in argument.kinds:
            return mapping(value)
        return [value] if "array" in argument.kinds and not value.lstrip().startswith("[") else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return code(value) if is_number and "string" in argument.kinds and not argument.choices else None


def _has_its_own_rule(value: object, argument: Argument) -> bool:
    texts = as_number(value, argument.kinds), as_boolean(value, argument.kinds)
    is_meant = any(meant is not None for meant in texts)
    return is_meant or is_boolean_for_word(value, argument) or not is_finite(value)


def _named(value: object) -> str:
    if isinstance(value, str):
        return f'the string "{value}"'
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return code(value)
