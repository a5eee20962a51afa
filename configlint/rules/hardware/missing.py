"""The devices that the batch is split over are missing.

The number of devices determines the replicas and with them the accumulation that keeps the effective batch. It has
no default, unless the accelerator is a cloud's instance type. Left to the launcher, one process starts per device
of the machine and each adds to the batch. The accelerator determines the precision and what fits into memory.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: transformers 5.23 trainer.py, get_total_train_batch_size
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing
from configlint.rules.batch import place

_ACCELERATOR, _DEVICES = "hardware.accelerator", "hardware.devices_per_node"
_USUAL = {"accelerator": "a100-80gb", "devices_per_node": 8}


@rule(
    Severity.ERROR,
    when=lambda plan: not (plan.given("hardware.accelerator") and plan.given("hardware.devices_per_node")),
)
def check(plan: Plan) -> Iterator[Finding]:
    if not plan.given(place(plan)) or not plan.can_say(_ACCELERATOR, _DEVICES):
        return
    section = plan.spec.settings.get("hardware")
    if section is None:
        message = f"`{plan.name('hardware')}` is missing, so the batch cannot be split over devices"
        yield Finding(place(plan), message, [Put("hardware", _USUAL)], on_key=True)
        return
    # A cloud's machine has a known number of devices.
    needed = (_ACCELERATOR,) if plan.hardware.instance else (_ACCELERATOR, _DEVICES)
    missing = [path for path in needed if not plan.given(path)]
    if section.mapping and missing:
        message = (
            f"{listing(f'`{plan.name(path)}`' for path in missing)} {'is' if len(missing) == 1 else 'are'} missing"
        )
        puts = [_devices(plan) if path == _DEVICES else Put(path, "a100-80gb") for path in missing]
        remedies: list[Remedy] = [tuple(puts)]
        if missing == [_DEVICES] and puts[0].value != 1:
            remedies.append(Put(_DEVICES, 1, "for a job on one device"))
        yield Finding("hardware", message, remedies, on_key=True)


def _devices(plan: Plan) -> Put:
    accelerator = plan.hardware.accelerator
    number = accelerator.devices_per_node if accelerator else None
    chosen = plan.spec.settings.get(_ACCELERATOR)
    why = f"a usual {accelerator.name} node has {number}" if accelerator and number else ""
    if chosen is not None and chosen.target is not None:
        # What people trip over: they gave the number, but above.
        why = f"a target with its own accelerator inherits no other setting of `{plan.name('hardware')}`"
    return Put(_DEVICES, number or 8, why)
