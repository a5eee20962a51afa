"""ZeRO 3 over a tensor-parallel model needs a new release of DeepSpeed.

Until 0.19.3 DeepSpeed refuses to build the engine, after the queue and the loading of the model; since 0.19.4 it
shards what each group of tensor-parallel devices holds.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, tensor: 2}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, tensor: 2}

Source: deepspeed 0.16.9, 0.18.9, 0.19.3 and 0.19.4 runtime/engine.py, _configure_tensor_parallel_states
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule


@rule(Severity.INFO)
def check(plan: Plan) -> Iterator[Finding]:
    tensor = plan.parallel.tensor
    if plan.parallel.data == "zero3" and tensor is not None and tensor > 1:
        yield Finding(
            "parallel.tensor",
            f"tensor {tensor} with zero3 is refused by DeepSpeed before 0.19.4",
            "install deepspeed>=0.19.4, or write `data: zero2`",
        )
