"""FSDP version 1 is set, but the mesh requires version 2.

Several sharded copies of the model, and context parallelism, require FSDP 2. Accelerate rejects them with version 1
when the Trainer is built: after the queue, and after the model was loaded.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, shard: 4, fsdp: {version: 1}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, shard: 4}

Source: accelerate 1.15 state.py, AcceleratorState.__init__; parallelism_config.py, _validate_accelerator
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.fsdp import FSDP2
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import beside, degree

_PATHS = ("parallel.fsdp.version", "parallel.fsdp.fsdp_version")


@rule(Severity.ERROR, when=lambda plan: plan.given("parallel.fsdp"))
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    if plan.release.transformers < FSDP2:
        return  # parallel/too-old-release, where the first version is not enough
    if parallel.data != "fsdp" or parallel.tensor != 1 or parallel.context is None or parallel.copies is None:
        return
    if parallel.context != 1:
        kind, over = "context", ""
    elif parallel.copies != 1:
        kind, over = "shard", f" over {parallel.replicas} replicas"
    else:
        return
    for path in _PATHS:
        setting = plan.spec.settings.get(path)
        if setting and setting.value in (1, "1") and setting.value is not True:
            yield Finding(
                path,
                f"{degree(plan, kind)}{over} requires FSDP version 2, got 1",
                [Drop(path, why="configlint then writes 2")],
                related=beside(plan, kind),
            )
