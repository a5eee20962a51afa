"""The accelerator has no bfloat16, but bf16 is on, or the weights are loaded in it.

NVIDIA GPUs support bfloat16 from Ampere on: compute capability 8.0. On older ones PyTorch 2.4 and later emulates it
in software: the job starts, runs slower than in fp16, and fails at kernels without an emulation, such as Triton's
and cuDNN's convolutions. With an older PyTorch, TrainingArguments rejects it. TRL's trainers turn bf16 on unless
fp16 is on, so jobs that set neither are affected too. The same holds for weights that are loaded in bfloat16.

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
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.precision import described, dtype_path, replaced, trains_weights


# No error: of the releases in use, Transformers asks PyTorch whether bfloat16 runs, emulated or not.
@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    accelerator = plan.hardware.accelerator
    if accelerator is None or not lacks(accelerator, "bfloat16"):
        return
    path, origin = "training.bf16", plan.origins.get("training.bf16")
    if plan.precision.bf16 is True and origin and origin.how == "default":
        yield Finding(
            "hardware.accelerator",
            f"`{plan.name(path)}` is on ({origin.why}), but {described(accelerator)} has no bfloat16",
            [Put("training.fp16", True) if _has_fp16(accelerator) else Put(path, False)],
        )
    if (
        plan.precision.bf16 is False
        and not plan.training.get("bf16_full_eval")
        and plan.precision.weights == "bfloat16"
    ):
        yield from _weights(plan, accelerator)
    for bf16, fp16 in (("bf16", "fp16"), ("bf16_full_eval", "fp16_full_eval")):
        # With both of them, precision/bf16-and-fp16 says which one to remove.
        if plan.training.get(bf16) is True and plan.training.get(fp16) is not True:
            path = f"training.{bf16}"
            yield Finding(
                path,
                f"{described(accelerator)} has no bfloat16, so `{plan.name(path)}` is slow or fails",
                # Left out, TRL's trainers would turn it on.
                [replaced(plan, path, f"training.{fp16}") if _has_fp16(accelerator) else Put(path, False)],
            )


def _weights(plan: Plan, accelerator: Accelerator) -> Iterator[Finding]:
    """Of weights that are loaded in it; with fp16 beside, they are computed with in that."""
    path = dtype_path(plan)
    if path is None or plan.precision.fp16 is not False:
        return
    # Frozen weights do not need the range of float32.
    dtype = "float32" if trains_weights(plan) or not _has_fp16(accelerator) else "float16"
    fp16 = [Put("training.fp16", True)] if _has_fp16(accelerator) else []
    message = f"{described(accelerator)} has no bfloat16, so `{plan.name(path)}` bfloat16 is slow or fails"
    yield Finding(path, message, [(Put(path, dtype), *fp16)])


def _has_fp16(accelerator: Accelerator) -> bool:
    return not accelerator.dtypes or "float16" in accelerator.dtypes
