"""The loss is not supported with DeepSpeed's sequence parallelism.

With sequence parallelism (Ulysses), the Trainer sums the model's own loss over the shares of a sequence. It
silently ignores label smoothing; SFTTrainer rejects label smoothing, and a loss_type of dft, when it is built.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, sequence: 2}
    training: {label_smoothing_factor: 0.1}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, sequence: 2}

Source: transformers 5.23 trainer.py, compute_loss, and integrations/deepspeed.py, deepspeed_sp_compute_loss;
trl 1.16 trainer/sft_trainer.py, SFTTrainer.__init__
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.rules.parallel import beside

_SMOOTHING, _LOSS = "label_smoothing_factor", "loss_type"


@rule(Severity.ERROR, when=lambda plan: plan.parallel.sequence != 1)
def check(plan: Plan) -> Iterator[Finding]:
    sequence = plan.parallel.sequence
    if sequence in (None, 1) or not plan.parallel.uses_deepspeed:
        return
    factor = real(plan.argument(_SMOOTHING))
    if factor is not None and factor > 0:
        yield _finding(plan, _SMOOTHING, factor, 0)
    if (loss := plan.argument(_LOSS)) in plan.release.trainer.undivided_losses:
        yield _finding(plan, _LOSS, loss, "nll")


def _finding(plan: Plan, name: str, value: object, other: object) -> Finding:
    path, sequence = plan.path(name), plan.parallel.sequence
    return Finding(
        path,
        f"`{plan.name(path)}` {value} cannot be computed when {sequence} devices share a sequence",
        [Put(path, other), Put("parallel.sequence", 1)],
        related=beside(plan, "sequence"),
    )
