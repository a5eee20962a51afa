"""fp16 is on, but the job trains on CPU.

Accelerate rejects fp16 without a GPU when the Trainer is built.

Bad:

    batch: {effective: 16}
    hardware: {accelerator: cpu, devices_per_node: 2}
    training: {fp16: true}

Good:

    batch: {effective: 16}
    hardware: {accelerator: cpu, devices_per_node: 2}
    training: {bf16: true}

Source: accelerate 1.15 accelerator.py, Accelerator.__init__ (fp16 mixed precision requires a GPU)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.precision import replaced


@rule(Severity.ERROR, when=lambda plan: plan.precision.fp16 is True)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator, path = plan.hardware.accelerator, "training.fp16"
    if plan.precision.fp16 and accelerator is not None and accelerator.vendor == "cpu":
        message = f"`{plan.name(path)}` training is not supported on CPU"
        yield Finding(path, message, [replaced(plan, path, "training.bf16")])
