"""DeepSpeed shares a sequence out on CPUs only when the script has started its communication.

With use_cpu, which the accelerator `cpu` stands for, Accelerate starts PyTorch's communication and leaves out
DeepSpeed's. Ulysses wants a group of it, and a trial run stops where training is to begin. ZeRO 3 starts it by
itself, when from_pretrained cuts the model up.

Bad:

    batch: {effective: 8}
    hardware: {accelerator: cpu, devices_per_node: 2}
    parallel: {data: zero2, sequence: 2}

Good:

    batch: {effective: 8}
    hardware: {accelerator: cpu, devices_per_node: 2}
    parallel: {data: zero3, sequence: 2}

Source: accelerate 1.15 state.py, PartialState.__init__; deepspeed 0.19.8 runtime/sequence_parallel/
parallel_state_sp.py, initialize_sequence_parallel; runtime/zero/partition_parameters.py, Init; run: two processes
with transformers 5.23, each stage, and with init_distributed in the script
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.deepspeed import stage


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator, degree = plan.hardware.accelerator, plan.parallel.sequence
    if accelerator is None or accelerator.vendor != "cpu" or degree in (None, 1):
        return
    if stage(plan) in (0, 1, 2):
        yield Finding(
            "parallel.sequence",
            f"sequence {degree} with {plan.parallel.data} on a CPU fails without deepspeed.init_distributed()",
            "call it at the start of the script, or write `data: zero3`",
            related=(("hardware.accelerator", "accelerator cpu"),),
        )
