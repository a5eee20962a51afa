"""Adapters are described, but all weights are trained.

Without `tuning.method` all weights are trained. The rank and whatever else describes adapters is ignored: the job
takes several times the memory and trains something else. TRL's scripts ignore `lora_r` and its like in the same way
where `use_peft` is not set.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    tuning: {rank: 16, alpha: 32}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    tuning: {method: lora, rank: 16, alpha: 32}

Source: trl 1.16 trainer/utils.py, get_peft_config
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.knowledge.facts import BITS, METHOD, OF_ADAPTERS, USE_PEFT


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.given(METHOD):
        return
    settings = plan.spec.settings
    written = [
        path for path in (*OF_ADAPTERS, BITS) if path in settings and settings[path].value not in (None, False)
    ]
    # Of a model that TRL's script quantizes: trl/quantized-without-adapters.
    if not written or (BITS in written and settings[BITS].of):
        return
    first = written[0]
    of = settings[first].of
    method = USE_PEFT if of else METHOD
    put = Put(USE_PEFT, True) if of else Put(METHOD, "qlora" if BITS in written else "lora")
    yield Finding(
        of or first,
        f"`{plan.name(of or first)}` has no effect without `{plan.name(method)}`: all weights are trained",
        [put],
        on_key=True,
    )
