"""FSDP is configured but not chosen.

`parallel.fsdp` holds the engine's settings; `data: fsdp` chooses the engine. Without it, configlint's default is
ddp: every device holds a whole copy of the model, so one that was to be sharded runs out of memory.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {fsdp: {cpu_offload: true}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {cpu_offload: true}}

Source: configlint's own format, schemas/spec.schema.json
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import launched

_PATH, _DATA = "parallel.fsdp", "parallel.data"


@rule(Severity.WARNING, when=lambda plan: not plan.given("parallel.data"))
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get(_PATH)
    if plan.given(_DATA) or setting is None or not plan.spec.tree(_PATH) or not plan.can_say(_DATA):
        return
    # A base, or a section that several targets share, holds the settings of more than one engine.
    if not plan.spec.is_shared(setting):
        message = f"`{plan.name(_PATH)}` has no effect: `{plan.name(_DATA)}` is ddp (configlint's default)"
        # Devices that share a copy, fewer than all, are a mesh.
        mesh = launched(plan) if plan.parallel.shard not in (None, plan.parallel.replicas) else ()
        yield Finding(_PATH, message, [(Put(_DATA, "fsdp"), *mesh)], on_key=True)
