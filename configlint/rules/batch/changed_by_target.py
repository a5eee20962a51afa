"""A target trains a different effective batch than the spec.

A target is the same training on other hardware. With a different batch it is a different training: the runs
cannot be compared, and the learning rate and the schedule would have to change too.

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

Source: configlint's own promise: the effective batch that is written is the one that is trained
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.rules.batch._totals import removals, total

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


@rule(Severity.ERROR, when=lambda plan: plan.spec.target is not None)
def check(plan: Plan) -> Iterator[Finding]:
    target, effective, reference = plan.spec.target, plan.batch.effective, plan.reference
    if target is None or effective is None or reference is None or effective == reference:
        return
    # A batch in tokens stays the same with other sequences; only its count in samples changes.
    tokens = plan.spec.settings.get("batch.effective_tokens")
    if tokens and tokens.target is None and not plan.given("batch.effective"):
        return
    message = f"target {target} trains {effective:,} samples per step, but the spec trains {reference:,}"
    if plan.given("batch.effective") or tokens:
        yield Finding("batch.effective", message, [total(plan, reference)])
        return
    settings = plan.spec.settings
    changed = [path for path in _FACTORS if path in settings and settings[path].target]
    yield Finding(changed[0] if changed else "hardware.devices_per_node", message, _derived(plan, reference))


def _derived(plan: Plan, effective: int) -> list[Remedy]:
    """To leave a factor to be derived, for all targets."""
    factors = removals(plan, effective)
    if not factors:
        return []
    *first, last = factors
    is_own = plan.spec.settings[last.path].target is not None
    why = "" if is_own else "both outside `targets`, so that all share them"
    return [(Put("batch.effective", effective), *first, Drop(last.path, why))]
