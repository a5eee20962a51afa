"""Both half precisions are on.

The Trainer computes in one of them, and refuses to start with both: after the queue, when
TrainingArguments is built. The same holds of bf16_full_eval and fp16_full_eval.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {bf16: true, fp16: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {bf16: true, fp16: false}

Source: transformers 5.23 training_args.py, _validate_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.profile import lacks
from configlint.core.rule import Finding, rule
from configlint.rules.precision import described

_PAIRS = (("bf16", "fp16"), ("bf16_full_eval", "fp16_full_eval"))


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for bf16, fp16 in _PAIRS:
        if plan.training.get(bf16) is True and plan.training.get(fp16) is True:
            yield Finding(
                f"training.{fp16}",
                f"{bf16} and {fp16} are both true, where one at most can be",
                help=_which_to_delete(plan, bf16, fp16),
                related=((f"training.{bf16}", f"{bf16} true"),),
            )


def _which_to_delete(plan: Plan, bf16: str, fp16: str) -> str:
    accelerator = plan.hardware.accelerator
    if accelerator is None:
        return "delete one"
    if lacks(accelerator, "bfloat16"):
        return f"delete {bf16}: {described(accelerator)} has no bfloat16"
    return f"delete {fp16}: bfloat16 has the range of float32, float16 has not"
