"""Devices are reserved, and vLLM runs on the others.

Until TRL 0.29 vLLM was a server on devices of its own unless something else was written; from 1.0 it shares
those that train. A spec that keeps devices for the server, and does not say so, leaves them idle after an
upgrade, and the rest is short of memory.

Bad:

    trl: "1.16"
    trainer: GRPOTrainer
    batch: {effective: 56}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, reserved: 1}
    training: {use_vllm: true}

Good:

    trl: "1.16"
    trainer: GRPOTrainer
    batch: {effective: 56}
    hardware: {accelerator: h100-80gb, devices_per_node: 8, reserved: 1}
    training: {use_vllm: true, vllm_mode: server}

Source: trl 0.29 and 1.0 trainer/grpo_config.py and rloo_config.py, vllm_mode
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.trl import concerns, is_on


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    reserved = plan.hardware.reserved
    if not concerns(plan, {"GRPOTrainer": (1, 0), "RLOOTrainer": (1, 0)}) or not reserved:
        return
    if is_on(plan, "use_vllm") and not plan.given("training.vllm_mode"):
        yield Finding(
            plan.path("use_vllm"),
            f"vllm_mode is colocate, the default from trl 1.0: {count(reserved, 'reserved device')} left idle",
            "write vllm_mode: server, or colocate if they are for something else",
            related=(("hardware.reserved", f"{reserved} reserved"),),
        )
