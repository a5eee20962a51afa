"""The accelerator has no TF32, but tf32 is on.

NVIDIA GPUs support TF32 from Ampere on: compute capability 8.0. The Trainer rejects it on any other device, the CPU
included: after the queue, when TrainingArguments is built.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: v100-32gb, devices_per_node: 8}
    training: {tf32: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-40gb, devices_per_node: 8}
    training: {tf32: true}

Source: transformers 5.23 training_args.py, __post_init__; utils/import_utils.py, is_torch_tf32_available
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.profile import lacks
from configlint.core.rule import Finding, rule
from configlint.rules.precision import described, without


@rule(Severity.ERROR, when=lambda plan: plan.precision.tf32 is True)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator, path = plan.hardware.accelerator, "training.tf32"
    if plan.precision.tf32 is True and accelerator is not None and lacks(accelerator, "tf32"):
        yield Finding(
            path, f"`{plan.name(path)}` is not supported on {described(accelerator)}", [without(plan, path)]
        )
