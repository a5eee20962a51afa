"""A setting of quantized weights has no effect with this tuning method.

`bits` describes the weights below the adapters of QLoRA: with `method: lora` nothing is quantized, and the weights
take several times the memory.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    tuning: {method: lora, rank: 16, bits: 4}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    tuning: {method: qlora, rank: 16, bits: 4}

Source: configlint's own format, schemas/spec.schema.json
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.knowledge.facts import BITS, METHOD


@rule(Severity.WARNING, when=lambda plan: plan.given("tuning"))
def check(plan: Plan) -> Iterator[Finding]:
    setting = plan.spec.settings.get(BITS)
    # Of what stands in the script's arguments, TRL's own rules speak; of no method at all, tuning/missing-method.
    if plan.tuning.method != "lora" or setting is None or setting.of is not None or setting.value is None:
        return
    message = f"`{plan.name(BITS)}` has no effect with `{plan.name(METHOD)}` lora"
    yield Finding(BITS, message, [Put(METHOD, "qlora"), Drop(BITS)], on_key=True)
