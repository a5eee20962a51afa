"""A boolean is written where a string is expected.

PyYAML reads an unquoted `no` as false, and some tools write it back that way; the config class then rejects a value
that nobody typed. Quoted, `"no"` is a string for every YAML reader.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {eval_strategy: false}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {eval_strategy: "no"}

Source: transformers 5.23 trainer_utils.py, IntervalStrategy; run: "False is not a valid IntervalStrategy"
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.rules.argument import has_misfits, misfits
from configlint.rules.argument._kinds import choose, described, is_boolean_for_word


@rule(Severity.ERROR, fixes=True, when=has_misfits)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in misfits(plan):
        if is_boolean_for_word(use.value, argument):
            is_no = use.value is False and "no" in argument.choices
            is_yaml = plan.spec.reader.scalars.startswith("yaml")
            what = "; PyYAML reads an unquoted no as false" if is_no and is_yaml else f", got {code(use.value)}"
            yield Finding(
                use.path,
                f"`{plan.name(use.path)}` must be {described(argument.kinds)}{what}",
                [Put(use.path, "no", safe=True)] if is_no else choose(use.path, argument.choices),
            )
