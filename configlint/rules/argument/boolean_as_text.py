"""True or false is written as a text.

Any text is true: `bf16: "false"` turns it on, and so does `bf16: no`, which is a text in YAML 1.2. Nothing
complains, and the job trains something else than written. TRL's parser takes some of them for what is meant; there,
this is a warning.

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
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.argument import misfits
from configlint.rules.argument._kinds import as_boolean, is_converted


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in misfits(plan):
        meant = as_boolean(use.value, argument.kinds)
        if meant is not None:
            converted = is_converted(plan)
            what = (
                f'not the text "{use.value}"' if converted else f'and the text "{use.value}" is true like any other'
            )
            yield Finding(
                use.path,
                f"`{use.name}` is true or false, {what}",
                f"write {str(meant).lower()}",
                severity=Severity.WARNING if converted else None,
                fix=Change(use.path, value=meant),
            )
