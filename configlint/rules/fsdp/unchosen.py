"""FSDP is configured, and nothing says that it is to train.

`parallel.fsdp` holds the engine's settings; that it is the engine is said by `data: fsdp`. Left out it is ddp,
with a whole copy of the model on each device: what was to fit does not.

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
from configlint.core.rule import Finding, rule


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get("parallel.fsdp")
    if plan.given("parallel.data") or setting is None or not plan.spec.tree("parallel.fsdp"):
        return
    # A base, or a section that several targets share, holds the settings of more than one engine.
    if not plan.spec.is_shared(setting):
        message = "parallel.fsdp has no effect with data ddp (the default)"
        yield Finding("parallel.fsdp", message, "write `data: fsdp` beside it", on_key=True)
