"""A target trains another effective batch than the spec.

Targets are the same training elsewhere. With another batch it is another training, and the runs
cannot be compared; learning rate and schedule would have to change with it.

Bad:

    batch: {per_device: 4, accumulation: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    targets:
      cluster: {hardware: {nodes: 4}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    targets:
      cluster: {hardware: {nodes: 4}}

Source: configlint's own promise: the effective batch that is written is the batch that is trained
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule

_FACTORS = (
    "batch.per_device",
    "batch.accumulation",
    "hardware.nodes",
    "hardware.devices_per_node",
    "hardware.reserved",
    "parallel.tensor",
    "parallel.context",
    "parallel.sequence",
)


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    target, effective, reference = plan.spec.target, plan.batch.effective, plan.reference
    if target is None or effective is None or reference is None or effective == reference:
        return
    # A batch in tokens stays the same with other sequences; only its count in samples changes.
    tokens = plan.spec.settings.get("batch.effective_tokens")
    if tokens and tokens.target is None and not plan.given("batch.effective"):
        return
    if plan.given("batch.effective") or tokens:
        path, help = "batch.effective", f"write effective: {reference} once, above the targets"
    else:
        settings = plan.spec.settings
        changed = [path for path in _FACTORS if path in settings and settings[path].target]
        path = changed[0] if changed else "hardware.devices_per_node"
        help = f"write effective: {reference}, and leave a factor to be derived"
    yield Finding(path, f"target {target} trains {effective} samples a step, and the spec {reference}", help)
