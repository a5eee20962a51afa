"""The mesh is one that launch.sh sets, and there is no launch.sh.

Accelerate builds several copies in shards (HSDP), context and sequence parallelism from what stands in the
environment: TrainingArguments cannot carry them in JSON. A job that is started in another way shards over all
devices; and with context or sequence parallelism every device takes samples of its own, so that it trains
another batch than was written.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, context: 4}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, context: 4}
    launch: {script: train.py}

Source: accelerate 1.15 parallelism_config.py, to_json (it gives None); accelerator.py, Accelerator.__init__
(ACCELERATE_USE_PARALLELISM_CONFIG)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    parallel, data = plan.parallel, plan.parallel.data or ""
    if plan.given("launch") or parallel.tensor != 1:
        return
    help = "write launch: {script: train.py}, and start the launch.sh that is compiled"
    for kind, is_built in (("context", data == "fsdp"), ("sequence", data.startswith("zero"))):
        degree = getattr(parallel, kind)
        if is_built and degree not in (None, 1):
            message = (
                f"{kind} {degree} is set by launch.sh alone, and without it each device takes samples of its own"
            )
            yield Finding(f"parallel.{kind}", message, help)
            return
    if data == "fsdp" and parallel.copies not in (None, 1):
        message = f"shard {parallel.shard} x {parallel.copies} copies is set by launch.sh alone"
        yield Finding("parallel.shard", f"{message}, and without it one copy is shared by all", help)
