"""The pinned factors do not multiply to the effective batch.

A step trains per_device x accumulation x replicas samples, whatever else is written. The usual cause: the number
of nodes changed but the accumulation did not. The run succeeds with a different batch, and so a different
learning-rate regime, than the one that is reported.

Bad:

    batch: {effective: 64, per_device: 4, accumulation: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    batch: {effective: 64, per_device: 4, accumulation: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: transformers 5.23 trainer.py, get_total_train_batch_size
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import replicas_in_words
from configlint.rules.batch._totals import passed, removals, total


@rule(Severity.ERROR, when=lambda plan: plan.batch.trained != plan.batch.effective)
def check(plan: Plan) -> Iterator[Finding]:
    batch, replicas = plan.batch, plan.parallel.replicas
    per_device, accumulation, effective = batch.pinned_per_device, batch.pinned_accumulation, batch.effective
    if not per_device or not accumulation or not replicas or not effective or batch.trained in (None, effective):
        return
    factors = f"{per_device} x {accumulation} x {count(replicas, 'replica')}"
    yield Finding(
        "batch.effective",
        f"a step trains {batch.trained:,} samples ({factors}), but {_asked(plan, effective)}",
        _remedies(plan, effective, batch.trained),
        related=(
            ("batch.per_device", f"`{plan.name('batch.per_device')}` {per_device}"),
            ("batch.accumulation", f"`{plan.name('batch.accumulation')}` {accumulation}"),
            replicas_in_words(plan),
        ),
    )


def _asked(plan: Plan, effective: int) -> str:
    if plan.given("batch.effective"):
        return f"`{plan.name('batch.effective')}` is {effective:,}"
    return f"`{plan.name('batch.effective_tokens')}` is {count(effective, 'sample')}"


def _remedies(plan: Plan, effective: int, trained: int) -> list[Remedy]:
    if plan.spec.call:
        return [passed(plan, effective) or total(plan, trained)]
    factors = removals(plan, effective)
    if factors is None:
        return [total(plan, trained)]
    if len(factors) > 1:
        return [total(plan, trained), factors]
    path = factors[0].path
    removed = Drop(path, "configlint derives it")
    if plan.spec.is_shared(plan.spec.settings[path]):
        return [removed]  # any number is right for one target only
    other = {"batch.accumulation": plan.batch.per_device, "batch.per_device": plan.batch.accumulation}[path]
    return [Put(path, effective // ((other or 1) * (plan.parallel.replicas or 1))), removed]
