"""The pinned factors make an impossibly large batch.

Usually a digit too many, or the batch of all devices where that of one belongs. configlint does not compute with
such a number: the batch stays unknown and no files are compiled.

Bad:

    batch: {per_device: 1000000, accumulation: 1000000}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}

Good:

    batch: {per_device: 4, accumulation: 2}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}

Source: configlint 0.1 arithmetic.py, MOST_SAMPLES: a larger batch takes more time to compute with
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from configlint.core.arithmetic import MOST_IN_FORM, MOST_SAMPLES
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import replicas_in_words
from configlint.rules.batch._totals import passed, removals


@rule(Severity.ERROR, when=lambda plan: plan.batch.trained is None)
def check(plan: Plan) -> Iterator[Finding]:
    batch, replicas = plan.batch, plan.parallel.replicas
    factors = {"batch.per_device": batch.pinned_per_device, "batch.accumulation": batch.pinned_accumulation}
    pinned = {path: factor for path, factor in factors.items() if factor}
    if not replicas or not pinned or max(pinned.values()) > MOST_IN_FORM:
        return
    samples = prod(pinned.values()) * replicas
    if samples <= MOST_SAMPLES:
        return
    largest = max(pinned, key=lambda path: pinned[path])
    words = {path: f"`{plan.name(path)}` {factor:,}" for path, factor in pinned.items()}
    yield Finding(
        largest,
        f"a batch must be at most {MOST_SAMPLES:,} samples, got {samples:,}"
        f" ({' x '.join(words.values())} x {count(replicas, 'replica')})",
        [_remedy(plan, largest, samples // pinned[largest])],
        related=(*((path, words[path]) for path in pinned if path != largest), replicas_in_words(plan)),
    )


def _remedy(plan: Plan, path: str, others: int) -> Remedy:
    if plan.batch.effective and plan.spec.call:
        return passed(plan, plan.batch.effective) or Put(path, max(MOST_SAMPLES // others, 1))
    if plan.batch.effective:
        return removals(plan, plan.batch.effective) or Drop(path, "configlint derives it from the effective batch")
    return Put(path, max(MOST_SAMPLES // others, 1), "the most that is allowed")
