"""DeepSpeed is configured but not chosen.

`parallel.deepspeed` holds the engine's settings; `data: zero0` to `data: zero3` choose the engine and its ZeRO
stage. Without it, configlint's default is ddp: every device holds a whole copy of the model, so one that was to be
sharded or offloaded runs out of memory.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {deepspeed: {zero_optimization: {offload_optimizer: {device: cpu}}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {zero_optimization: {offload_optimizer: {device: cpu}}}}

Source: configlint's own format, schemas/spec.schema.json
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import whole
from configlint.rules.deepspeed import OFFLOADS, offloads, value

_PATH, _DATA = "parallel.deepspeed", "parallel.data"


@rule(Severity.WARNING, when=lambda plan: not plan.given("parallel.data"))
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get(_PATH)
    if plan.given(_DATA) or setting is None or not plan.spec.tree(_PATH) or not plan.can_say(_DATA):
        return
    # A base, or a section that several targets share, holds the settings of more than one engine.
    if plan.spec.is_shared(setting):
        return
    # A stage there is derived, which is an error.
    if whole(value(plan, "zero_optimization.stage")) in (0, 1, 2, 3):
        return
    message = f"`{plan.name(_PATH)}` has no effect: `{plan.name(_DATA)}` is ddp (configlint's default)"
    # Only ZeRO 3 offloads parameters.
    stages = ("zero3",) if offloads(plan, OFFLOADS[1]) else ("zero2", "zero3")
    yield Finding(_PATH, message, [Put(_DATA, stage) for stage in stages], on_key=True)
