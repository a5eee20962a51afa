"""Non-blocking copies to the device are requested without pinned memory.

Only a copy from pinned memory overlaps with computation. From other memory it blocks, and `non_blocking` has no
effect.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {dataloader_pin_memory: false, accelerator_config: {non_blocking: true}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {dataloader_pin_memory: true, accelerator_config: {non_blocking: true}}

Source: transformers 5.23 trainer.py, create_accelerator_and_postprocess; torch 2.13, Tensor.to
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.batch import accelerator_config


@rule(Severity.WARNING, when=lambda plan: plan.writes("accelerator_config"))
def check(plan: Plan) -> Iterator[Finding]:
    accelerator, keys = plan.hardware.accelerator, plan.release.others.get("AcceleratorConfig")
    if accelerator_config(plan).get("non_blocking") is not True or not keys or not keys.get("non_blocking"):
        return
    # Nothing is copied there, and the Trainer turns pinning off by itself.
    if accelerator is not None and accelerator.vendor == "cpu":
        return
    path = "training.dataloader_pin_memory"
    if plan.argument("dataloader_pin_memory") is False:
        message = f"`non_blocking` has no effect while `{plan.name(path)}` is false"
        related = (("training.accelerator_config", "`non_blocking` is true"),)
        yield Finding(path, message, [Put(path, True)], related=related)
