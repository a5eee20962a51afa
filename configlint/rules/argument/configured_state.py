"""The state of Accelerate is to be one that the script has made.

With use_configured_state the script must make a PartialState or an Accelerator before it reads its arguments, for
DeepSpeed one that knows of it. Most scripts read them first, and fail there: after the queue.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {accelerator_config: {use_configured_state: true}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {accelerator_config: {use_configured_state: false}}

Source: transformers 5.23 training_args.py, _setup_devices
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.batch import accelerator_config


# No error: what the script does first is not to be seen.
@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    keys = plan.release.others.get("AcceleratorConfig")
    if accelerator_config(plan).get("use_configured_state") is not True:
        return
    if keys is None or keys.get("use_configured_state") is None:
        return
    made = "one for DeepSpeed" if plan.parallel.uses_deepspeed else "one"
    yield Finding(
        "training.accelerator_config",
        f"use_configured_state needs a PartialState, and the script must make {made} before it reads its arguments",
        "leave it out, or make sure that the script does",
        on_key=True,
    )
