"""The batch: what is trained is what is written."""

from __future__ import annotations

from configlint.plan import Plan


def applies(plan: Plan) -> bool:
    return True


def replicas_in_words(plan: Plan) -> tuple[str, str]:
    """The place and the reckoning of the data-parallel degree, to stand beside a finding."""
    hardware, parallel = plan.hardware, plan.parallel
    words = f"{parallel.replicas} replicas = {hardware.nodes} nodes x {hardware.devices_per_node} devices"
    if hardware.reserved:
        words += f" - {hardware.reserved} reserved"
    split = [
        f"{kind} {size}" for kind in ("tensor", "context", "sequence") if (size := getattr(parallel, kind)) != 1
    ]
    if split:
        words += f", over {' x '.join(split)}"
    return "hardware.devices_per_node", words
