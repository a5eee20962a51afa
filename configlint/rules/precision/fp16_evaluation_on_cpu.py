"""fp16_full_eval is on, but the job runs on CPU with a release that rejects it.

Until Transformers 4.40, TrainingArguments accepts it on GPUs only: the job fails at its start.

Bad:

    transformers: "4.40"
    batch: {effective: 16}
    hardware: {accelerator: cpu, devices_per_node: 2}
    training: {fp16_full_eval: true}

Good:

    transformers: "4.40"
    batch: {effective: 16}
    hardware: {accelerator: cpu, devices_per_node: 2}
    training: {bf16_full_eval: true}

Source: transformers 4.30 to 4.40 training_args.py, __post_init__; 4.41 asks whether torch is older than 2.3
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.precision import replaced


@rule(Severity.ERROR, when=lambda plan: plan.writes("fp16_full_eval"))
def check(plan: Plan) -> Iterator[Finding]:
    path = "training.fp16_full_eval"
    if plan.training.get("fp16_full_eval") is True and plan.hardware.is_cpu and plan.release.transformers < (4, 41):
        message = f"`{plan.name(path)}` is not supported on CPU before transformers 4.41"
        yield Finding(path, message, [replaced(plan, path, "training.bf16_full_eval")])
