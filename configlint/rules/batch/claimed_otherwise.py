"""A comment claims another batch than the numbers make.

Whoever reads the file believes the comment. Only what is clear is compared: the batch and the devices in the
comment with the per-device batch and the accumulation.

Bad:

    from transformers import TrainingArguments
    # effective batch size 128 on 8 GPUs
    TrainingArguments(per_device_train_batch_size=4, gradient_accumulation_steps=2)

Good:

    from transformers import TrainingArguments
    # effective batch size 64 on 8 GPUs
    TrainingArguments(per_device_train_batch_size=4, gradient_accumulation_steps=2)

Source: the arithmetic of the effective batch, per_device x accumulation x replicas
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count

_ACCUMULATION = "batch.accumulation"


@rule(Severity.WARNING, when=lambda plan: bool(plan.spec.claims))
def check(plan: Plan) -> Iterator[Finding]:
    per_device, accumulation = plan.batch.pinned_per_device, plan.batch.pinned_accumulation
    if not per_device or not accumulation:
        return
    made = {claim.devices: per_device * accumulation * claim.devices for claim in plan.spec.claims}
    # Of several claims, one may be about another setup, and right.
    if any(made[claim.devices] == claim.samples for claim in plan.spec.claims):
        return
    for claim in plan.spec.claims[:1]:
        share, rest = divmod(claim.samples, per_device * claim.devices)
        remedies: list[Remedy] = [Put(_ACCUMULATION, share)] if share and not rest else []
        devices = count(claim.devices, "device")
        yield Finding(
            _ACCUMULATION if plan.given(_ACCUMULATION) else "batch.per_device",
            f"a comment says that {devices} make a batch of {claim.samples:,}, but"
            f" {per_device} x {accumulation} x {devices} make {made[claim.devices]:,}",
            [*remedies, Say("correct the comment")],
        )
