"""A stream is trained without `max_steps`.

A streaming data set has no length, so the number of steps does not follow from the epochs: the Trainer raises an
error when it is built, after the model is loaded.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {streaming: true}
    training: {num_train_epochs: 1}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {streaming: true}
    training: {max_steps: 1000}

Source: transformers 5.23 trainer.py, Trainer.__init__; run: a ValueError that asks for max_steps
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.data import stream


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    steps = plan.schedule.max_steps
    if plan.data.streaming is not True or steps is None or steps > 0:
        return
    path = plan.path("max_steps")
    yield Finding(
        path if plan.given(path) else stream(plan),
        f"a streaming data set has no length, so the Trainer requires `{plan.name(path)}`",
        [_remedy(plan, path)],
    )


def _remedy(plan: Plan, path: str) -> Remedy:
    epochs, examples, trained = plan.schedule.epochs, plan.data.train_examples, plan.batch.trained
    if plan.generation or not epochs or epochs < 0 or not examples or not trained:
        return Say(f"write `{plan.name(path)}: …` with the number of steps to train", needs=(path,))
    why = f"{epochs:g} x {count(examples, 'example')} at {trained:,} a step"
    return Put(path, ceil(examples * epochs / trained), why=why)
