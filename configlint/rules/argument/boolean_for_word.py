"""True or false is written where a word is meant.

In a file that PyYAML reads, and in what it writes, an unquoted `no` is false: the class then fails on a value
that nobody wrote. In quotes it is the word for every reader.

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
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import code, listing
from configlint.rules.argument import misfits
from configlint.rules.argument._kinds import is_boolean_for_word


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in misfits(plan):
        if is_boolean_for_word(use.value, argument):
            is_no = use.value is False and "no" in argument.choices
            whence = ", which is what an unquoted no becomes in PyYAML" if is_no else ""
            yield Finding(
                use.path,
                f"`{use.name}` is a word, not {code(use.value)}{whence}",
                'write "no"' if is_no else f"write {listing(map(str, argument.choices), 'or')}",
                fix=Change(use.path, value="no") if is_no else None,
            )
