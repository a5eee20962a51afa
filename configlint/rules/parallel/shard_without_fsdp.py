"""`shard` is set, but the job does not use FSDP.

Only FSDP uses the number of devices that share one copy of the model. With ddp every device holds a whole copy,
whatever `shard` says, and may run out of memory.

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
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.values import positive
from configlint.rules.parallel import launched

_WHOLE = ("ddp", "zero0", "zero1", "zero2", "zero3")
_PATH = "parallel.shard"


@rule(Severity.WARNING, when=lambda plan: plan.given("parallel.shard"))
def check(plan: Plan) -> Iterator[Finding]:
    data, setting = plan.parallel.data, plan.spec.settings.get(_PATH)
    # What a base or several targets share may be meant for another plan; an unknown engine is reported as such.
    if setting is None or plan.spec.is_shared(setting) or data not in _WHOLE:
        return
    if plan.given("parallel.fsdp") and not plan.given("parallel.data"):
        return  # fsdp/unchosen
    message = f"`{plan.name(_PATH)}` has no effect with {data}"
    yield Finding(_PATH, message, [*_with_fsdp(plan, setting.value), Drop(_PATH)], on_key=True)


def _with_fsdp(plan: Plan, shard: object) -> list[Remedy]:
    """FSDP, if it takes the number; it does not have DeepSpeed's sequence parallelism."""
    replicas, number = plan.parallel.replicas, positive(shard)
    if plan.parallel.sequence != 1 or (replicas and number and replicas % number):
        return []
    return [(Put("parallel.data", "fsdp"), *(launched(plan) if replicas != number else ()))]
