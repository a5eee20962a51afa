"""fp16 is on, and training is on the CPU.

Accelerate refuses fp16 without an accelerator, when the Trainer is built.

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


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator = plan.hardware.accelerator
    if plan.precision.fp16 and accelerator is not None and accelerator.vendor == "cpu":
        yield Finding("training.fp16", "fp16 cannot be trained in on a CPU", "write `bf16: true` in its place")
