"""How the devices share weights, gradients and optimizer states, and what it takes to exchange them.

None of it was measured yet by this project: the terms are those of the engines' sources.

Source: ZeRO, arXiv 1910.02054, section 3 (what each stage divides); DeepSpeed 0.19.8, runtime/zero (buckets, with
what transformers 5.23, integrations/deepspeed.py, puts for `auto`; the float32 weights, which are copies of float32
ones too; partitioned_param_coordinator.py, __params_to_release; stage_1_and_2.py, step: the gradients of a
partition, their flat copy, and that in float32; stage3.py, _prepare_fp32_grad_for_sub_group: the same for one
sub-group at a time, and grad_partitions_flat_buffer, which is always there); accelerate 1.15, utils/fsdp_utils.py
(what is trained is held in float32 under mixed precision, one unit a layer and one for the rest); torch 2.13,
nn/parallel/distributed.py (a bucket for each gradient).
"""

from __future__ import annotations

from configlint.core.record import NamedTuple
from configlint.core.workload import Workload
from configlint.memory.closed_form.architecture import Architecture
from configlint.memory.closed_form.optimizers import Kept

MASTER_BYTES = 4
# Bytes of an element.
ITEMS = {"float32": 4, "bfloat16": 2, "float16": 2}
# Parameters that ZeRO 3 steps at a time. Source: DeepSpeed 0.19.8, runtime/zero/config.py, sub_group_size.
SUB_GROUP = 1_000_000_000


class Census(NamedTuple):
    """What a model holds, in bytes: weights, those of them that are not trained, gradients, the optimizer's states.
    `trained` counts elements; `layer` and `rest` are the weights of one layer, and those outside all layers;
    `transient` is what the optimizer takes for a while in its step."""

    weights: int
    frozen: int
    gradients: int
    states: int
    trained: int
    layer: int
    rest: int
    transient: int


class Spread(NamedTuple):
    """What of it lies on one device. `gradients` stay over several micro-batches, `reduced` are those of the step,
    where `transient` bytes come on top. Each new one adds to them what `keepers` devices share: nothing,
    where there are none. `gathered` and `buckets` are what the exchange takes while forward and backward run."""

    weights: int
    gradients: int
    reduced: int
    keepers: int
    states: int
    transient: int
    gathered: int = 0
    buckets: int = 0


def spread(workload: Workload, sizes: Architecture, census: Census, item: int, kind: Kept) -> Spread:
    """`item` is the size of an element that is computed with."""
    alone = Spread(census.weights, census.gradients, census.gradients, 1, census.states, census.transient)
    devices = workload.shard
    if kind.in_backward:
        alone = alone._replace(gradients=0, reduced=0, keepers=0, transient=0)
    if workload.data == "ddp":
        return alone._replace(buckets=census.gradients if workload.world > 1 else 0)
    if workload.data == "fsdp":
        return _fsdp(workload, census, item, devices, kind.states)
    # Beside the weights DeepSpeed keeps 32-bit ones, and the states of those.
    master = MASTER_BYTES * census.trained + census.states
    square = sizes.hidden * sizes.hidden
    buckets = ((workload.bucket or square) + square if workload.data != "zero0" else 2 * square) * item
    sharded = alone._replace(states=master // devices, buckets=buckets)
    if workload.data == "zero0":
        return sharded
    if workload.data == "zero3":
        sharded = _zero3(workload, census, sharded, kind, item)
    else:
        narrow, wide = census.gradients // devices, MASTER_BYTES * census.trained // devices
        sharded = sharded._replace(reduced=wide, transient=max(2 * narrow, kind.foreach * wide))
        if workload.data == "zero2":
            sharded = sharded._replace(keepers=devices, gradients=narrow)
    return _offloaded(workload, sharded) if workload.offload_optimizer else sharded


def reference_bytes(workload: Workload, weights: int) -> int:
    """What a second copy of the model takes of a device: only ZeRO 3 and FSDP divide it.

    Source: trl 1.16, trainer/dpo_trainer.py, __init__; models/utils.py, prepare_deepspeed and prepare_fsdp.
    """
    if workload.reference not in ITEMS or workload.offload_parameters:
        return 0
    wide = workload.dtype if workload.data.startswith("zero") else workload.reference
    whole = weights * ITEMS[wide] // ITEMS[workload.dtype]
    return whole // workload.shard if workload.data in ("zero3", "fsdp") else whole


def _zero3(workload: Workload, census: Census, shared: Spread, kind: Kept, item: int) -> Spread:
    devices = workload.shard
    partition, narrow = census.trained // devices, census.gradients // devices
    stepped = min(partition, SUB_GROUP)
    wide, copied = MASTER_BYTES * stepped, narrow * stepped // max(partition, 1)
    return shared._replace(
        weights=0 if workload.offload_parameters else census.weights // devices,
        gradients=narrow,
        reduced=narrow + wide,
        keepers=0,
        transient=max(copied, kind.foreach * wide),
        # At the end of the forward those of both sides are needed again.
        gathered=max(2 * census.layer, census.rest, min(workload.reused // 2 * item, census.weights)),
    )


def _offloaded(workload: Workload, sharded: Spread) -> Spread:
    """With the optimizer in the host's memory, where the averaged gradients go and the step is made. ZeRO 1 sends
    the gradients at the end."""
    if workload.data == "zero1":
        return sharded._replace(states=0, reduced=sharded.gradients, transient=0)
    return sharded._replace(states=0, gradients=0, reduced=0, transient=0)


def _fsdp(workload: Workload, census: Census, item: int, devices: int, states: int) -> Spread:
    wide = MASTER_BYTES if workload.autocast else item
    offloaded = workload.offload_parameters
    weights = census.frozen // devices + census.trained * wide // devices
    reduced = 0 if offloaded else census.trained * wide // devices
    return Spread(
        0 if offloaded else weights,
        # Over micro-batches that are not synchronised the gradients stay whole.
        reduced if workload.synchronised else census.trained * item,
        reduced,
        devices,
        0 if offloaded else states * wide * census.trained // devices,
        census.transient // devices,
        2 * census.layer + census.rest,
        census.layer,
    )
