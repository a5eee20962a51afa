"""Sequence parallelism on CPU fails unless the script initializes DeepSpeed's communication.

With use_cpu, which the accelerator `cpu` sets, Accelerate initializes PyTorch's communication but not DeepSpeed's.
Ulysses needs a group of DeepSpeed's, so a trial run stops when training is to begin. ZeRO-3 initializes it when
from_pretrained shards the model.

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
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.rules.deepspeed import shares_sequences, stage, with_data, zero

_PATH = "parallel.sequence"


@rule(Severity.WARNING, when=shares_sequences)
def check(plan: Plan) -> Iterator[Finding]:
    degree = plan.parallel.sequence
    if not plan.hardware.is_cpu or degree in (None, 1):
        return
    if stage(plan) in (0, 1, 2):
        call = "deepspeed.init_distributed()"
        setup = f"`{plan.name(_PATH)}` {degree} with {zero(plan)}"
        yield Finding(
            _PATH,
            f"{setup} fails on CPU unless the script calls {call}",
            [with_data(plan, "zero3"), Say(f"call {call} at the start of the script")],
            related=(("hardware.accelerator", f"`{plan.name('hardware.accelerator')}` is cpu"),),
        )
