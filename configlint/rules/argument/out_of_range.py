"""A number is outside of what the argument can be.

Few of these are looked at when the class is built; the others fail in the middle of things, or mean nothing.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {warmup_steps: -10}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {warmup_steps: 10}

Source: schemas/arguments.yaml, with the reason beside each bound
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.release import Facts
from configlint.rule import Finding, rule
from configlint.rules.argument import known
from configlint.wording import code


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in known(plan):
        if isinstance(use.value, int | float) and use.fits:
            for bound, is_kept in _bounds(use.value, argument.facts):
                if not is_kept:
                    message = f"`{use.name}` is {bound}, not {code(use.value)}"
                    yield Finding(use.path, message, f"write a number {bound}")


def _bounds(number: float, facts: Facts) -> Iterator[tuple[str, bool]]:
    """Each bound in words, and whether the number keeps it."""
    if "minimum" in facts:
        yield f"at least {facts['minimum']}", number >= facts["minimum"]
    if "exclusiveMinimum" in facts:
        yield f"above {facts['exclusiveMinimum']}", number > facts["exclusiveMinimum"]
    if "maximum" in facts:
        yield f"at most {facts['maximum']}", number <= facts["maximum"]
    if "exclusiveMaximum" in facts:
        yield f"below {facts['exclusiveMaximum']}", number < facts["exclusiveMaximum"]
