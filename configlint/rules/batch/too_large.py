"""The factors that are pinned make a batch larger than any.

A digit too many, or the batch of all devices in the place of that of one. configlint computes nothing with such a
number: the batch is not known, and no files are compiled.

Bad:

    batch: {per_device: 1000000, accumulation: 1000000}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}

Good:

    batch: {per_device: 4, accumulation: 2}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}

Source: configlint 0.1 arithmetic.py, MOST_SAMPLES: what is computed takes more time with a larger batch
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from configlint.core.arithmetic import MOST_IN_FORM, MOST_SAMPLES
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.batch import replicas_in_words


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    batch, replicas = plan.batch, plan.parallel.replicas
    factors = {"per_device": batch.pinned_per_device, "accumulation": batch.pinned_accumulation}
    pinned = {name: factor for name, factor in factors.items() if factor}
    if not replicas or not pinned or max(pinned.values()) > MOST_IN_FORM:
        return
    samples = prod(pinned.values()) * replicas
    if samples <= MOST_SAMPLES:
        return
    largest = max(pinned, key=lambda name: pinned[name])
    words = [f"{name} {factor:,}" for name, factor in pinned.items()]
    yield Finding(
        f"batch.{largest}",
        f"a batch must be at most {MOST_SAMPLES:,} samples, got {samples:,}"
        f" ({' x '.join(words)} x {replicas:,} replicas)",
        _help(plan, largest, samples // pinned[largest]),
        related=(
            *((f"batch.{name}", f"{name} {factor:,}") for name, factor in pinned.items() if name != largest),
            replicas_in_words(plan),
        ),
    )


def _help(plan: Plan, name: str, others: int) -> str:
    if plan.batch.effective:
        return f"leave out `{name}`: it is derived from `effective`"
    return f"write `{name}: {max(MOST_SAMPLES // others, 1)}` or less"
