"""A number is out of the range of its argument.

The config class checks few of them when it is built; the others fail during the run or make no sense.

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
from configlint.core.values import is_finite
from configlint.core.wording import code
from configlint.rules.argument import known, removal

# By the words of JSON Schema: what a value must be, and whether it is.
_BOUNDS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "minimum": ("{} or more", ge),
    "exclusiveMinimum": ("greater than {}", gt),
    "maximum": ("{} or less", le),
    "exclusiveMaximum": ("less than {}", lt),
}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for use, argument in known(plan):
        # Of infinity and NaN argument/not-finite says it.
        if isinstance(use.value, int | float) and use.fits and is_finite(use.value):
            for key, (bound, is_kept) in _BOUNDS.items():
                if key in argument.facts and not is_kept(use.value, argument.facts[key]):
                    wanted, got = bound.format(argument.facts[key]), code(use.value)
                    message = f"`{plan.name(use.path)}` must be {wanted}, got {got}"
                    yield Finding(use.path, message, removal(plan, use, argument))
