"""The mesh is set by launch.sh, but configlint writes no launch.sh.

Accelerate builds several sharded copies (HSDP), context and sequence parallelism from the environment:
TrainingArguments cannot carry them in JSON. A job that is started in another way shards over all devices; with
context or sequence parallelism every device trains on its own samples, so the batch size differs from the one
written.

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
from configlint.core.fsdp import is_by_node
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.parallel import degree, is_meshed

_LAUNCH = Put("launch", {"script": "train.py"}, why="then run the launch.sh that `configlint compile` writes")


@rule(Severity.ERROR, when=is_meshed)
def check(plan: Plan) -> Iterator[Finding]:
    parallel, data = plan.parallel, plan.parallel.data or ""
    if plan.given("launch") or parallel.tensor != 1 or not plan.can_say("launch"):
        return
    for kind, is_built in (("context", data == "fsdp"), ("sequence", data.startswith("zero"))):
        if is_built and getattr(parallel, kind) not in (None, 1):
            yield _finding(kind, degree(plan, kind), "each device trains on its own samples")
            return
    if data == "fsdp" and parallel.copies not in (None, 1) and not is_by_node(plan):
        mesh = f"{degree(plan, 'shard')} with {count(parallel.copies or 0, 'copy', 'copies')}"
        yield _finding("shard", mesh, "all devices share one copy")


def _finding(kind: str, mesh: str, otherwise: str) -> Finding:
    message = f"{mesh} requires launch.sh: without it {otherwise}"
    return Finding(f"parallel.{kind}", message, [_LAUNCH])
