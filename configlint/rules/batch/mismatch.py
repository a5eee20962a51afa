"""The pinned factors do not make the effective batch.

per_device x accumulation x replicas is what is trained, whatever else is written. The usual way
here: the number of nodes changed and the accumulation did not. The run ends well, with another batch
and so another learning-rate regime than the one that is reported.

Bad:

    batch: {effective: 64, per_device: 4, accumulation: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    batch: {effective: 64, per_device: 4, accumulation: 2}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: transformers 5.23 trainer.py, get_total_train_batch_size
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.batch import replicas_in_words


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    batch, replicas = plan.batch, plan.parallel.replicas
    per_device, accumulation, effective = batch.pinned_per_device, batch.pinned_accumulation, batch.effective
    if not per_device or not accumulation or not replicas or not effective or batch.trained in (None, effective):
        return
    if effective % (per_device * replicas) == 0:
        help = f"accumulation {effective // (per_device * replicas)} trains {effective}; left out, it is derived"
    elif effective % (accumulation * replicas) == 0:
        help = f"per_device {effective // (accumulation * replicas)} trains {effective}; left out, it is derived"
    elif plan.given("batch.effective") or not plan.sequence_length or not batch.trained:
        help = f"pin one factor at most, or write effective: {batch.trained}"
    else:
        help = f"pin one factor at most, or write effective_tokens: {batch.trained * plan.sequence_length}"
    yield Finding(
        "batch.effective",
        f"{per_device} x {accumulation} x {replicas} = {batch.trained} samples are trained, not {effective}",
        help,
        related=(
            ("batch.per_device", f"per_device {per_device}"),
            ("batch.accumulation", f"accumulation {accumulation}"),
            replicas_in_words(plan),
        ),
    )
