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

Source: transformers 4.46 to 5.24 trainer.py, _run_epoch (once _inner_training_loop); run: 100 samples at 8 x 4 make
steps of 32, 32, 32 and 4 with 4.51 and 5.24, and steps of 32, 32, 32, 28 and 32 with 4.46
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import is_unreachable, unit

_MANY_STEPS = 100


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    batch, batches, accumulation = plan.batch, plan.schedule.batches_per_epoch, plan.batch.accumulation
    if not batches or not accumulation or not batch.trained or not plan.data.train_examples:
        return
    if is_unreachable(plan) or _goes_on(plan, batches % accumulation):
        return
    left, steps = batches % accumulation, ceil(batches / accumulation)
    total = plan.schedule.total_steps
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


def _goes_on(plan: Plan, left: int) -> bool:
    """Whether the next epoch goes on with the step: before 4.47 always; before 4.52 where the Trainer takes fewer
    batches at the end of an epoch than are left, because it divides examples where it means batches."""
    taken = (plan.data.train_examples or 0) % (plan.batch.accumulation or 1)
    release = plan.release.transformers
    return release < (4, 47) or (release < (4, 52) and 0 < taken < left)
