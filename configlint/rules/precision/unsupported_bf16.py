"""The accelerator has no bfloat16, and training is to use it.

NVIDIA's cards have it from Ampere on: compute capability 8.0. Before that, PyTorch 2.4 and later
emulates it in software: the job starts, runs slower than in fp16, and fails at kernels that have no
emulation, such as Triton's and cuDNN's convolutions. With an older PyTorch TrainingArguments refuses.
TRL's trainers turn bf16 on where fp16 is off, so that this also happens to those who wrote nothing.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: t4, devices_per_node: 4}
    training: {bf16: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: t4, devices_per_node: 4}
    training: {fp16: true}

Source: torch 2.13 cuda/__init__.py, is_bf16_supported; transformers 5.23 training_args.py, _validate_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.profile import Accelerator, lacks
from configlint.core.rule import Finding, rule
from configlint.rules.precision import described


# No error: of the releases in use, Transformers asks PyTorch whether bfloat16 runs, emulated or not.
@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator = plan.hardware.accelerator
    if accelerator is None or not lacks(accelerator, "bfloat16"):
        return
    origin = plan.origins.get("training.bf16")
    if plan.precision.bf16 is True and origin and origin.how == "default":
        yield Finding(
            "hardware.accelerator",
            f"bf16 is on ({origin.why}), and {described(accelerator)} has no bfloat16",
            help=f"write `{'fp16: true' if _has_fp16(accelerator) else 'bf16: false'}` in training",
        )
    for bf16, fp16 in (("bf16", "fp16"), ("bf16_full_eval", "fp16_full_eval")):
        if plan.training.get(bf16) is True:
            yield Finding(
                f"training.{bf16}",
                f"{described(accelerator)} has no bfloat16, and is slow or fails with {bf16}",
                help=f"write `{fp16}: true` in its place" if _has_fp16(accelerator) else "delete it",
            )


def _has_fp16(accelerator: Accelerator) -> bool:
    return not accelerator.dtypes or "float16" in accelerator.dtypes
