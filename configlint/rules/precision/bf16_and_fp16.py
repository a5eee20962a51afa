"""bf16 and fp16 are both true.

The Trainer computes in one of them and rejects both at once: after the queue, when TrainingArguments is built. The
same holds for bf16_full_eval and fp16_full_eval.

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
from configlint.core.remedy import Remedy
from configlint.core.rule import Finding, rule
from configlint.rules.precision import HALF, described, without

_PAIRS = (("bf16", "fp16"), ("bf16_full_eval", "fp16_full_eval"))


@rule(Severity.ERROR, when=lambda plan: not HALF.isdisjoint(plan.training))
def check(plan: Plan) -> Iterator[Finding]:
    for bf16, fp16 in _PAIRS:
        if plan.training.get(bf16) is True and plan.training.get(fp16) is True:
            yield _finding(plan, f"training.{bf16}", f"training.{fp16}")


def _finding(plan: Plan, bf16: str, fp16: str) -> Finding:
    return Finding(
        fp16,
        f"at most one of `{plan.name(bf16)}` and `{plan.name(fp16)}` may be true",
        _which_to_remove(plan, bf16, fp16),
        related=((bf16, f"`{plan.name(bf16)}` is true"),),
    )


def _which_to_remove(plan: Plan, bf16: str, fp16: str) -> list[Remedy]:
    accelerator = plan.hardware.accelerator
    if accelerator is None:
        return [without(plan, fp16), without(plan, bf16)]
    if lacks(accelerator, "bfloat16"):
        return [without(plan, bf16, f"{described(accelerator)} has no bfloat16")]
    return [without(plan, fp16, "bfloat16 has the range of float32, float16 does not")]
