"""DeepSpeed is configured, and nothing says that it is to train.

`parallel.deepspeed` holds the engine's settings; that it is the engine, and at which stage of ZeRO, is said by
`data: zero0` to `data: zero3`. Left out it is ddp, with a whole copy of the model on each device: what was to fit
does not.

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
from configlint.core.rule import Finding, rule
from configlint.core.values import whole
from configlint.rules.deepspeed import value


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get("parallel.deepspeed")
    if plan.given("parallel.data") or setting is None or not plan.spec.tree("parallel.deepspeed"):
        return
    # A base, or a section that several targets share, holds the settings of more than one engine.
    if plan.spec.is_shared(setting):
        return
    # A stage there is derived, which is an error.
    if whole(value(plan, "zero_optimization.stage")) in (0, 1, 2, 3):
        return
    message = "parallel.deepspeed has no effect with data ddp (the default)"
    yield Finding("parallel.deepspeed", message, "write `data: zero2` or `data: zero3` beside it", on_key=True)
