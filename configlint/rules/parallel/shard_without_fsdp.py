"""`shard` is given, and nothing is sharded by FSDP.

Only FSDP takes the number of devices that share one copy of the model. With ddp every device holds a whole
one, whatever is written: what was to fit does not.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: ddp, shard: 8}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, shard: 8}

Source: configlint's own format, schemas/spec.schema.json
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_WHOLE = ("ddp", "zero0", "zero1", "zero2", "zero3")


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    data, setting = plan.parallel.data, plan.spec.settings.get("parallel.shard")
    # What a base or several targets share may be meant for another plan; and an engine that there is none of is
    # said to be none.
    if setting is None or plan.spec.is_shared(setting) or data not in _WHOLE:
        return
    help = "write `data: fsdp`, or leave out shard"
    yield Finding("parallel.shard", f"shard has no effect with {data}", help, on_key=True)
