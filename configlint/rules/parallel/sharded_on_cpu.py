"""FSDP and tensor parallelism are not supported on CPU.

With use_cpu, which the accelerator `cpu` turns on, FSDP is silently ignored: each process holds the whole model,
and a trial run tests something other than the job. Accelerate rejects any further mesh: several sharded copies,
context parallelism and tensor parallelism.

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
from configlint.rules.parallel import degree, instead


@rule(Severity.ERROR, when=lambda plan: plan.hardware.is_cpu)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator, parallel = plan.hardware.accelerator, plan.parallel
    # DeepSpeed is different: ZeRO does shard on a CPU.
    if accelerator is None or accelerator.vendor != "cpu" or parallel.data not in ("ddp", "fsdp"):
        return
    if parallel.tensor not in (None, 1):
        yield _rejected(plan, "tensor")
    elif parallel.data == "fsdp" and parallel.context not in (None, 1):
        yield _rejected(plan, "context")
    elif parallel.data == "fsdp" and parallel.copies not in (None, 1):
        yield _rejected(plan, "shard", f" over {parallel.replicas} replicas")
    elif parallel.data == "fsdp" and parallel.replicas not in (None, 1):
        message = "fsdp has no effect on CPU: each process holds the whole model, as with ddp"
        yield Finding("parallel.data", message, [instead(plan, "data", data="ddp")], Severity.WARNING)


def _rejected(plan: Plan, kind: str, over: str = "") -> Finding:
    changes: dict[str, object] = {kind: None}
    if plan.parallel.data == "fsdp":
        # Without the degree, FSDP would still have no effect, and so would what only FSDP has.
        changes |= {"context": None, "shard": None, "data": "ddp"}
    written = {each: size for each, size in changes.items() if size or plan.given(f"parallel.{each}")}
    return Finding(
        f"parallel.{kind}",
        f"{degree(plan, kind)}{over} is not supported on CPU: Accelerate rejects it",
        [instead(plan, kind, **written)],
    )
