"""fp16 is on, but the weights that are trained have 16 bits themselves.

fp16 autocast computes in float16 on float32 weights. Their gradients are scaled up, and the scaler refuses
gradients of 16 bits: the job fails at the first optimizer step, after the queue and the loading of the model, with
"Attempting to unscale FP16 gradients". Transformers 5 loads a checkpoint in the dtype that it is stored in unless
the script sets another; before 5.0 it was float32. Adapters are float32 in any case, and DeepSpeed keeps float32
copies itself.

The same holds for bfloat16 gradients on NVIDIA GPUs, where PyTorch's scaler has no kernel for them.

Bad:

    model: {config: llama-3.2-1b, sequence_length: 512, dtype: float16}
    batch: {effective: 64, per_device: 1}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {fp16: true}

Good:

    model: {config: llama-3.2-1b, sequence_length: 512, dtype: float32}
    batch: {effective: 64, per_device: 1}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {fp16: true}

Source: torch 2.13 amp/grad_scaler.py, _unscale_grads_; pytorch/pytorch#127176 (bfloat16, on CUDA); transformers
5.23 modeling_utils.py, from_pretrained; run: the scaler refuses float16 gradients, with and without clipping
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.profile import lacks
from configlint.core.release import written
from configlint.core.remedy import Move, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.rules.precision import dtype_path, replaced, trains_weights

_FP16 = "training.fp16"


@rule(Severity.ERROR, when=lambda plan: plan.precision.fp16 is True and plan.precision.weights != "float32")
def check(plan: Plan) -> Iterator[Finding]:
    weights = plan.precision.weights
    if not _is_scaled(plan) or not _fails(plan):
        return
    path, said = dtype_path(plan), f"`{plan.name(_FP16)}` requires float32 weights"
    if path is not None:
        yield Finding(
            path,
            f"{said}, got {weights}: the first optimizer step fails",
            _remedies(plan, path),
            # A later PyTorch may have the kernel.
            severity=None if weights == "float16" else Severity.WARNING,
            related=((_FP16, f"`{plan.name(_FP16)}` is true"),),
        )
    elif plan.model is not None and plan.release.trl is None and not plan.spec.assumed:
        # Milder, as the script may load them in another dtype.
        loads = f"transformers {written(plan.release.transformers)} loads {plan.model.name} as {weights}"
        yield Finding(
            _FP16,
            f"{said}, but {loads}, the dtype it is stored in",
            _remedies(plan, "model.dtype"),
            Severity.WARNING,
        )


def _is_scaled(plan: Plan) -> bool:
    """Whether the loaded weights are trained under PyTorch's scaler: FSDP and DeepSpeed keep float32 copies."""
    # With both, precision/bf16-and-fp16 says which one to remove.
    is_on = plan.precision.fp16 is True and not plan.training.get("bf16")
    return is_on and plan.parallel.data == "ddp" and trains_weights(plan)


def _fails(plan: Plan) -> bool:
    vendor = plan.hardware.accelerator.vendor if plan.hardware.accelerator else None
    return vendor != "cpu" and plan.precision.weights in ("float16", *(("bfloat16",) if vendor == "nvidia" else ()))


def _remedies(plan: Plan, path: str) -> list[Remedy]:
    """The weights in float32 if they fit, or bfloat16 throughout if the accelerator has it."""
    # What nobody says, a script of the user's own does not read.
    why = "" if plan.given(path) else "the script must load the model in float32"
    remedies: list[Remedy] = [Put(path, "float32", why)] if _fits_in_float32(plan) else []
    accelerator, to_bf16 = plan.hardware.accelerator, replaced(plan, _FP16, "training.bf16")
    if accelerator is None or lacks(accelerator, "bfloat16"):
        return remedies
    if plan.precision.weights == "bfloat16":
        remedies.append(to_bf16)
    elif isinstance(to_bf16, Move):
        remedies.append((Put(path, "bfloat16"), to_bf16))
    return remedies


def _fits_in_float32(plan: Plan) -> bool:
    """Whether it is not known to take more than the device has."""
    workload, capacity = plan.memory.workload, plan.memory.capacity
    then = plan.memory.ask(workload._replace(dtype="float32")) if workload else None
    return then is None or capacity is None or then.high <= capacity
