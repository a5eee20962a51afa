"""A batch is given, but not the devices that it is split over.

The number of devices has no default: it decides the replicas, and with them the accumulation that
keeps the effective batch. Left to the launcher, as many processes start as the machine has devices,
and each of them adds to the batch. The accelerator decides precision and what fits in memory.

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
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing

_KEYS = ("accelerator", "devices_per_node")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    section = plan.spec.settings.get("hardware")
    if section is None:
        if plan.given("batch"):
            example = "hardware: {accelerator: a100-80gb, devices_per_node: 8}"
            yield Finding(
                "batch", "there is no hardware to split the batch over", f"write `{example}`", on_key=True
            )
        return
    missing = [key for key in _KEYS if not plan.given(f"hardware.{key}")]
    if plan.given("batch") and section.mapping and missing:
        message = f"hardware is without {listing(missing)}"
        yield Finding("hardware", message, help=_help(plan, missing), on_key=True)


def _help(plan: Plan, missing: list[str]) -> str:
    if missing == ["accelerator"]:
        return "write `accelerator: a100-80gb`, or which it is"
    accelerator = plan.hardware.accelerator
    number = accelerator.devices_per_node if accelerator else None
    usual = f"a usual node of {accelerator.name} has {number}" if accelerator and number else ""
    chosen = plan.spec.settings.get("hardware.accelerator")
    if chosen is not None and chosen.target is not None:
        # What people trip over: they gave the number, but above.
        return "; ".join(filter(None, ["a target that names an accelerator inherits nothing of `hardware`", usual]))
    write = [
        f"{key}: {value}" for key, value in zip(_KEYS, ("a100-80gb", number or 8), strict=True) if key in missing
    ]
    return f"write `{', '.join(write)}`" + (f": {usual}" if usual else "")
