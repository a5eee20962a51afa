"""A boolean is written as a string.

Every non-empty string counts as true: `bf16: "false"` turns bf16 on. So does `bf16: no`, because `no` is a string
in YAML 1.2. Nothing reports it, and the job trains with another setting than the one written. TRL's parser converts
some strings to the boolean that was meant; there, this is a warning.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {bf16: no}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {bf16: false}

Source: transformers 5.23 training_args.py, __post_init__ (nothing converts a type); run: bf16 "false" trains in
bfloat16
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument import has_misfits, misfits
from configlint.rules.argument._kinds import as_boolean, is_converted


@rule(Severity.ERROR, fixes=True, when=has_misfits)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in misfits(plan):
        meant = as_boolean(use.value, argument.kinds)
        if meant is not None:
            converted = is_converted(plan)
            text = f'the string "{use.value}"'
            what = f", got {text}" if converted else f"; {text} is non-empty, so it counts as true"
            yield Finding(
                use.path,
                f"`{plan.name(use.path)}` must be true or false{what}",
                [Put(use.path, meant, safe=True)],
                severity=Severity.WARNING if converted else None,
            )
