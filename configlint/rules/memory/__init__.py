"""Memory: whether a training step fits into the device's memory, and what takes it."""

from __future__ import annotations

from collections.abc import Sequence

from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from configlint.core.workload import Estimate

GIB = 2**30
# A product with a matrix of weights is bound by reading these until some 300 tokens (989 TFLOP/s over 3.35 TB/s on
# an H100); a layer's kernels take longer to launch than to run until some thousand.
ENOUGH_TOKENS = 2048
# The part of the peak from which on something of it is said.
WORTH_A_WORD = 0.05


def applies(plan: Plan) -> bool:
    return plan.memory.capacity is not None


def high(plan: Plan) -> int:
    """The most that the plan may take, in bytes; 0 where that is not known."""
    return plan.memory.estimate.high if plan.memory.estimate else 0


def is_tight(plan: Plan) -> bool:
    """Whether the headroom is not kept."""
    return high(plan) > (plan.memory.budget or 0) > 0


def share(plan: Plan, category: str) -> float:
    """The part of the peak's tensors that is spent on a category; 0 where the peak is not known."""
    estimate = plan.memory.estimate
    return estimate.breakdown.get(category, 0) / estimate.allocated if estimate else 0.0


def predicts_tokens(plan: Plan) -> bool:
    return plan.model is not None and plan.loaded.task == "causal-lm"


def pinned(plan: Plan) -> str:
    """The path of what decides on the size of the micro-batch; of the model where not even one sample fits."""
    if not plan.memory.largest:
        return "model.config"
    if plan.batch.pinned_per_device:
        return "batch.per_device"
    return "batch.accumulation" if plan.batch.pinned_accumulation else "batch.per_device.max"


def factors(plan: Plan, per_device: int, accumulation: int, why: str = "") -> tuple[Put, ...]:
    """To write another micro-batch, in place of the factors that were pinned."""
    wanted = {"batch.per_device": per_device, "batch.accumulation": accumulation}
    if not plan.batch.pinned_accumulation:
        # A bound stays one.
        bound = "batch.per_device.max"
        wanted = {bound if plan.given(bound) else "batch.per_device": per_device}
    elif not plan.batch.pinned_per_device:
        wanted = {"batch.accumulation": accumulation}
    return explained([Put(path, size) for path, size in wanted.items()], why)


def explained(puts: Sequence[Put], why: str) -> tuple[Put, ...]:
    """Several acts that belong together, with a reason after the last."""
    return (*puts[:-1], puts[-1]._replace(why=why))


def gib(size: float) -> str:
    """`23.6`: bytes in GiB."""
    return f"{size / GIB:,.1f}"


def peak(estimate: Estimate) -> str:
    """`19.5 to 23.6 GiB`."""
    return f"{gib(estimate.low)} to {gib(estimate.high)} GiB"


def device(plan: Plan) -> str:
    """`rtx-4090 has 24.0 GiB`."""
    name = plan.hardware.accelerator.name if plan.hardware.accelerator else "the device"
    return f"{name} has {gib(plan.memory.capacity or 0)} GiB"


def usable(plan: Plan) -> str:
    """`rtx-4090 has 24.0 GiB (21.6 GiB usable)`: less the headroom."""
    return f"{device(plan)} ({gib(plan.memory.budget or 0)} GiB usable)"


def sixteen_bits(plan: Plan) -> bool:
    """Whether what is computed, though not all that is kept, has 16 bits."""
    workload = plan.memory.workload
    return workload is not None and (workload.autocast is not None or workload.dtype != "float32")


def is_small(plan: Plan) -> bool:
    """Whether a micro-batch has too few tokens to keep a device busy, and one of twice the size would fit."""
    workload, largest, per_device = plan.memory.workload, plan.memory.largest or 0, plan.batch.per_device or 0
    if workload is None or largest < 2 * per_device:
        return False
    return workload.batch * workload.length // workload.context < ENOUGH_TOKENS


def is_masked(plan: Plan) -> bool:
    """Whether sdpa gets a mask that counts: with checkpointing only that of one layer is there at a time."""
    workload, estimate = plan.memory.workload, plan.memory.estimate
    if workload is None or estimate is None or not workload.padded or workload.attention != "sdpa":
        return False
    mask = 2 * workload.batch * workload.length**2
    return not workload.checkpointing or mask >= WORTH_A_WORD * estimate.allocated


def has_adapters_alone(plan: Plan) -> bool:
    workload = plan.memory.workload
    if workload is None or workload.checkpointing or workload.method != "lora":
        return False
    return workload.autocast is None


def evaluates(plan: Plan) -> bool:
    return plan.memory.estimate is not None and plan.intervals.eval_strategy in ("steps", "epoch")
