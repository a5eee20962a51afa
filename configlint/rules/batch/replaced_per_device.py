"""Unsloth replaces a per-device batch that `num_generations` does not divide.

Importing Unsloth replaces TRL's config classes. Where per-device batch x accumulation is not a multiple of
`num_generations`, TRL refuses to start; Unsloth trains with `num_generations` as the per-device batch instead,
prints a line, and multiplies the effective batch.

Bad:

    import unsloth
    from trl import GRPOConfig
    args = GRPOConfig(per_device_train_batch_size=1, gradient_accumulation_steps=4, num_generations=8)

Good:

    import unsloth
    from trl import GRPOConfig
    args = GRPOConfig(per_device_train_batch_size=8, gradient_accumulation_steps=4, num_generations=8)

Source: unsloth 2026.10.9, models/rl.py (without steps_per_generation and generation_batch_size)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import positive

_PER_DEVICE = "batch.per_device"


@rule(Severity.WARNING, when=lambda plan: plan.spec.reader.replaces_batch)
def check(plan: Plan) -> Iterator[Finding]:
    if not plan.spec.reader.replaces_batch or plan.release.trainer.completions is None:
        return
    if plan.writes("steps_per_generation", "generation_batch_size"):
        return
    group = positive(plan.argument("num_generations"))
    per_device, accumulation = plan.batch.pinned_per_device, plan.batch.pinned_accumulation
    if not group or not per_device or not accumulation:
        return
    devices = plan.parallel.world or 1  # a notebook runs on one
    written, trained = (size * accumulation * devices for size in (per_device, group))
    if written % group == 0:
        return
    name = plan.name(_PER_DEVICE)
    yield Finding(
        _PER_DEVICE,
        f"`{name}` {per_device} is replaced by `num_generations` {group} under Unsloth, so a step trains"
        f" {trained:,} completions instead of {written:,}",
        [Put(_PER_DEVICE, group)],
        related=((plan.path("num_generations"), f"{written:,} is not a multiple of {group}"),),
    )
