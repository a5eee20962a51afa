"""The first version of FSDP is asked for where the mesh needs the second.

Copies in shards and context parallelism are built on FSDP 2. Accelerate refuses them with version 1 when
the Trainer is built: after the queue and the loading of the model.

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
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_PATHS = ("parallel.fsdp.version", "parallel.fsdp.fsdp_version")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    if parallel.data != "fsdp" or parallel.tensor != 1 or parallel.context is None or parallel.copies is None:
        return
    if parallel.context != 1:
        words, place = f"context {parallel.context}", "parallel.context"
    elif parallel.copies != 1:
        words, place = f"shard {parallel.shard} of {parallel.replicas} replicas", "parallel.shard"
    else:
        return
    for path in _PATHS:
        setting = plan.spec.settings.get(path)
        if setting and setting.value in (1, "1") and setting.value is not True:
            message = f"{words} needs version 2 of FSDP, not version 1"
            yield Finding(path, message, "delete it: 2 is what configlint writes", related=((place, words),))
