"""Devices are reserved for a vLLM server, but vLLM runs on the training devices.

Until TRL 0.29 vLLM was by default a server on devices of its own; since 1.0 it shares the training devices. After
an upgrade, a spec that reserves devices and does not set `vllm_mode` leaves them idle and runs short of memory on
the others.

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
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.trl import concerns, is_on

_MODE, _RESERVED = "training.vllm_mode", "hardware.reserved"


@rule(Severity.WARNING, when=lambda plan: bool(plan.hardware.reserved))
def check(plan: Plan) -> Iterator[Finding]:
    reserved = plan.hardware.reserved
    if not concerns(plan, {"GRPOTrainer": (1, 0), "RLOOTrainer": (1, 0)}) or not reserved:
        return
    if is_on(plan, "use_vllm") and not plan.given(_MODE):
        idle = count(reserved, "reserved device")
        yield Finding(
            plan.path("use_vllm"),
            f"`{plan.name(_MODE)}` defaults to colocate since trl 1.0, which leaves {idle} idle",
            [Put(_MODE, "server"), Put(_MODE, "colocate", why="if the reserved devices are for something else")],
            related=((_RESERVED, f"`{plan.name(_RESERVED)}` is {reserved}"),),
        )
