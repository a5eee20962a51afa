"""`accelerator_config` sets gradient accumulation a second time.

The Trainer takes the accumulation from gradient_accumulation_steps and rejects `num_steps` beside it. Where
gradient_accumulation_steps is 1, `num_steps` silently replaces it and multiplies the batch.

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
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.rules.batch import accelerator_config, without

_KWARGS = "gradient_accumulation_kwargs"


@rule(Severity.ERROR, when=lambda plan: plan.writes("accelerator_config"))
def check(plan: Plan) -> Iterator[Finding]:
    options = accelerator_config(plan).get(_KWARGS)
    if not isinstance(options, dict) or "num_steps" not in options:
        return
    path, accumulation = "training.accelerator_config", plan.batch.accumulation
    name, steps = plan.name("batch.accumulation"), code(options["num_steps"])
    message = f"`num_steps` {steps} in `{plan.name(path)}`"
    if accumulation is None and plan.spec.call:
        return  # only the running program knows it
    if accumulation is None:
        message += f" sets gradient accumulation in place of `{name}`"
    elif accumulation > 1:
        message += f" conflicts with `{name}` {accumulation}: the Trainer rejects setting both"
    elif options["num_steps"] != 1:
        message += f" silently replaces `{name}` 1"
    else:
        return
    left = [key for key in options if key != "num_steps"]
    remedy = Say(f"remove `num_steps` from `{plan.name(path)}`") if left else without(plan, _KWARGS)
    yield Finding(path, message, [remedy], on_key=True)
