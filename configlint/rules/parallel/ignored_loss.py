"""A loss is asked for that is not reckoned where DeepSpeed shares out the sequence.

With sequence parallelism (Ulysses) the Trainer takes the model's own loss of each share and adds them up. Label
smoothing is passed over without a word; SFTTrainer refuses it, and another loss_type, when it is built.

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
from configlint.core.rule import Finding, rule
from configlint.core.values import real

_SMOOTHING, _LOSS = "label_smoothing_factor", "loss_type"


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    sequence = plan.parallel.sequence
    if sequence in (None, 1) or not plan.parallel.uses_deepspeed:
        return
    related = (("parallel.sequence", f"sequence {sequence}"),)
    factor = real(plan.argument(_SMOOTHING))
    if factor is not None and factor > 0:
        message = f"{_SMOOTHING} {factor} cannot be reckoned on a sequence that {sequence} devices share"
        yield Finding(plan.path(_SMOOTHING), message, "delete it, or write `sequence: 1`", related=related)
    if plan.trainer == "SFTTrainer" and plan.argument(_LOSS) == "dft":
        message = f"{_LOSS} dft cannot be reckoned on a sequence that {sequence} devices share"
        yield Finding(plan.path(_LOSS), message, f"write `{_LOSS}: nll`, or `sequence: 1`", related=related)
