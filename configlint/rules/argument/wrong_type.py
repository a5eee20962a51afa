"""A training argument is a text where a number or true or false is meant.

TrainingArguments checks no type. A number as text fails in the optimizer, after the queue and the loading
of the model; and any text is true: `bf16: "false"` and `bf16: no`, which is a text in YAML 1.2, turn it on.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {bf16: no, learning_rate: "2e-5"}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {bf16: false, learning_rate: 2e-5}

Source: transformers 5.23 training_args.py, __post_init__ (nothing converts a type); run: bf16 "false" trains
in bfloat16
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule
from configlint.rules.argument import FLAGS, NUMBERS
from configlint.wording import code

_MEANT = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for name, value in plan.training.items():
        is_flag = isinstance(value, bool)
        if name in FLAGS and not is_flag and value is not None:
            meant = _MEANT.get(str(value).lower(), "true or false")
            also = ", and any text is true" if isinstance(value, str) else ""
            message = f"`{name}` is true or false{also}, not {_described(value)}"
            yield Finding(f"training.{name}", message, f"write {meant}")
        elif name in NUMBERS and (is_flag or not isinstance(value, int | float | None)):
            help = f"write {value}, without the quotes" if _is_number(value) else "write a number"
            yield Finding(f"training.{name}", f"`{name}` is a number, not {_described(value)}", help)


def _described(value: object) -> str:
    return f'the text "{value}"' if isinstance(value, str) else code(value)


def _is_number(value: object) -> bool:
    try:
        float(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True
