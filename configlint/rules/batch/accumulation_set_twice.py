"""Accumulation is set a second time, in `accelerator_config`.

The Trainer accumulates by gradient_accumulation_steps and refuses `num_steps` beside it; where it is 1,
`num_steps` quietly takes its place and multiplies the batch.

Bad:

    batch: {effective: 64, per_device: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {accelerator_config: {gradient_accumulation_kwargs: {num_steps: 4}}}

Good:

    batch: {effective: 64, per_device: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {accelerator_config: {gradient_accumulation_kwargs: {sync_each_batch: true}}}

Source: transformers 5.23 trainer.py, _build_accelerator_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.rules.batch import accelerator_config


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    options = accelerator_config(plan).get("gradient_accumulation_kwargs")
    if not isinstance(options, dict) or "num_steps" not in options:
        return
    accumulation, steps = plan.batch.accumulation, code(options["num_steps"])
    if accumulation is None:
        message = f"num_steps sets the accumulation to {steps}"
    elif accumulation > 1:
        message = f"num_steps {steps} stands beside accumulation {accumulation}, and the Trainer refuses both"
    elif options["num_steps"] != 1:
        message = f"num_steps {steps} takes the place of accumulation 1"
    else:
        return
    yield Finding(
        "training.accelerator_config",
        message,
        "leave out num_steps; batch.accumulation pins it",
        on_key=True,
    )
