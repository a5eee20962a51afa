"""The last step of each epoch accumulates fewer batches.

Accumulation never crosses the end of an epoch, so the remaining batches make a small step at the full learning
rate; `dataloader_drop_last` drops examples, not the small step. In a short epoch that is a good part of the
training; in an epoch of 100 steps or more, or in a single epoch, the finding is a note.

Bad:

    batch: {effective: 32, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    data: {train_examples: 100}

Good:

    batch: {effective: 32, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    data: {train_examples: 128}

Source: transformers 5.23 trainer.py, _run_epoch; run: 100 samples at 8 x 4 make steps of 32, 32, 32 and 4
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import is_unreachable, unit

_MANY_STEPS = 100


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    batch, schedule = plan.batch, plan.schedule
    batches, steps, accumulation = schedule.batches_per_epoch, schedule.steps_per_epoch, batch.accumulation
    if not batches or not steps or not accumulation or not batch.trained or not plan.data.train_examples:
        return
    if is_unreachable(plan):
        return
    left = batches % accumulation
    total = schedule.total_steps
    if left == 0 or batches < accumulation or total is None or total < steps:
        return
    # How many prompts make whole steps depends on more than their number.
    full = 0 if plan.generation else plan.data.train_examples // batch.trained
    words = f"train on {count(full * batch.trained, unit(plan))}: {count(full, 'step')} of {batch.trained:,}"
    yield Finding(
        "data.train_examples",
        f"the last of the {steps:,} steps of each epoch accumulates only {left} of {accumulation} batches",
        [Say(words, needs=("data.train_examples",))] if full else (),
        Severity.INFO if steps >= _MANY_STEPS or total <= steps else None,
    )
