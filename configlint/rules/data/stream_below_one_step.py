"""A stream ends before its batches make a step.

The Trainer makes a step once it has accumulated enough batches of one pass over the stream. If every pass ends
before that, it reads the stream again and again, and the job runs without a single step until it is stopped.

Bad:

    batch: {effective: 16, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 2}
    data: {train_examples: 12, streaming: true}
    training: {max_steps: 10}

Good:

    batch: {effective: 16, per_device: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 2}
    data: {train_examples: 160, streaming: true}
    training: {max_steps: 10}

Source: transformers 4.47 to 5.23 trainer.py, _run_epoch; run: 12 examples over two ranks at 2 x 4 never end
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import unit
from configlint.rules.data import batches_of_pass


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    batches, accumulation = batches_of_pass(plan), plan.batch.accumulation
    if not batches or not accumulation or batches >= accumulation or plan.release.transformers < (4, 47):
        return
    examples = count(plan.data.train_examples or 0, unit(plan))
    yield Finding(
        "data.train_examples",
        f"a pass over {examples} ends after {count(batches, 'batch', 'batches')}, but a step accumulates"
        f" {accumulation}, so no step ever completes and the job never ends",
        [Say(f"train on {count(_enough(plan, accumulation), unit(plan))} or more", needs=("data.train_examples",))],
    )


def _enough(plan: Plan, accumulation: int) -> int:
    """The examples of one step."""
    if not plan.generation:
        return plan.batch.trained or 0
    generations = ceil(accumulation / (plan.generation.steps * plan.generation.iterations))
    return generations * plan.generation.prompts
