"""use_configured_state requires a PartialState that the script has created.

With use_configured_state the script must create a PartialState or an Accelerator before it parses its arguments;
under DeepSpeed, one that is set up for it. Most scripts parse their arguments first and fail there, after the job
has waited in the queue.

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
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.rules.batch import accelerator_config


# Not an error: configlint cannot see what the script does first.
@rule(Severity.WARNING, when=lambda plan: plan.writes("accelerator_config"))
def check(plan: Plan) -> Iterator[Finding]:
    keys = plan.release.others.get("AcceleratorConfig")
    if accelerator_config(plan).get("use_configured_state") is not True:
        return
    if keys is None or keys.get("use_configured_state") is None:
        return
    state = "a PartialState for DeepSpeed" if plan.parallel.uses_deepspeed else "a PartialState"
    yield Finding(
        "training.accelerator_config",
        f"`use_configured_state` requires the script to create {state} before it parses its arguments",
        [Say("remove `use_configured_state`"), Say("create it at the start of the script")],
        on_key=True,
    )
