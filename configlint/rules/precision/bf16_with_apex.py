"""The half-precision backend is apex, which has no bfloat16.

Until Transformers 4.57, where the backend can be chosen, TrainingArguments raises an error: the job fails at its
start, after it has waited in the queue.

Bad:

    transformers: "4.57"
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {bf16: true, half_precision_backend: apex}

Good:

    transformers: "4.57"
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {bf16: true, half_precision_backend: cuda_amp}

Source: transformers 4.30 to 4.57 training_args.py, __post_init__
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule

_BF16 = "training.bf16"


@rule(Severity.ERROR, when=lambda plan: plan.writes("half_precision_backend", "fp16_backend"))
def check(plan: Plan) -> Iterator[Finding]:
    # The old name wins where it is set.
    name = "fp16_backend" if plan.training.get("fp16_backend") not in (None, "auto") else "half_precision_backend"
    path = f"training.{name}"
    if plan.precision.bf16 is True and name in plan.release.arguments and plan.training.get(name) == "apex":
        whose = "" if plan.given(_BF16) else f" ({plan.trainer}'s default)"
        yield Finding(
            path,
            f"`{plan.name(path)}` apex does not support `{plan.name(_BF16)}` true{whose}",
            [Drop(path, "the Trainer's default is auto")],
            related=((_BF16, f"`{plan.name(_BF16)}` is true"),) if plan.given(_BF16) else (),
        )
