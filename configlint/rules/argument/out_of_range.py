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

from collections.abc import Callable, Iterator
from operator import ge, gt, le, lt

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.rules.argument import known

# By the words of JSON Schema: the bound, the remedy, and what keeps it.
_BOUNDS: dict[str, tuple[str, str, Callable[[float, float], bool]]] = {
    "minimum": ("at least", "{} or more", ge),
    "exclusiveMinimum": ("above", "more than {}", gt),
    "maximum": ("at most", "{} or less", le),
    "exclusiveMaximum": ("below", "less than {}", lt),
}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in known(plan):
        if isinstance(use.value, int | float) and use.fits:
            for key, (bound, remedy, is_kept) in _BOUNDS.items():
                if key in argument.facts and not is_kept(use.value, argument.facts[key]):
                    limit = argument.facts[key]
                    message = f"`{use.name}` is {bound} {limit}, not {code(use.value)}"
                    yield Finding(use.path, message, f"write {remedy.format(limit)}")
