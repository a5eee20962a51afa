"""A model is to be cut up over processes of a CPU, where the Trainer does not.

With use_cpu, which the accelerator `cpu` stands for, FSDP is passed over without a word: each process holds a
whole model, and a trial run tries something else than the job. A mesh beyond that, of copies in shards, of a
sequence or of a tensor-parallel model, Accelerate refuses.

Bad:

    batch: {effective: 8}
    hardware: {accelerator: cpu, devices_per_node: 2}
    parallel: {data: fsdp}

Good:

    batch: {effective: 8}
    hardware: {accelerator: cpu, devices_per_node: 2}
    parallel: {data: ddp}

Source: accelerate 1.15 state.py, AcceleratorState.__init__; parallelism_config.py, _validate_accelerator; run: two
processes with transformers 5.23
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_HELP = "write data: ddp and no further degrees for the CPU"


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator, parallel = plan.hardware.accelerator, plan.parallel
    # With DeepSpeed it is another matter: ZeRO does share out on a CPU.
    if accelerator is None or accelerator.vendor != "cpu" or parallel.data not in ("ddp", "fsdp"):
        return
    if parallel.tensor not in (None, 1):
        message = f"tensor {parallel.tensor} is refused by Accelerate on a CPU"
        yield Finding("parallel.tensor", message, _HELP)
    elif parallel.data == "fsdp" and parallel.context not in (None, 1):
        message = f"context {parallel.context} is refused by Accelerate on a CPU"
        yield Finding("parallel.context", message, _HELP)
    elif parallel.data == "fsdp" and parallel.copies not in (None, 1):
        message = f"shard {parallel.shard} of {parallel.replicas} replicas is refused by Accelerate on a CPU"
        yield Finding("parallel.shard", message, _HELP)
    elif parallel.data == "fsdp" and parallel.replicas not in (None, 1):
        message = "fsdp has no effect on a CPU: each process holds a whole model, as with ddp"
        yield Finding("parallel.data", message, "write data: ddp for the CPU", Severity.WARNING)
