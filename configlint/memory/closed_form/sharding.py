"""How the devices share weights, gradients and optimizer states, and what it takes to exchange them.

None of it was measured yet by this project: the terms are those of the engines' sources.

Source: ZeRO, arXiv 1910.02054, section 3 (what each stage divides); DeepSpeed 0.19, runtime/zero (buckets) with
what transformers 5.23, integrations/deepspeed.py, puts for `auto`; accelerate 1.15, utils/fsdp_utils.py (what is
trained is held in float32 under mixed precision, one unit a layer and one for the rest); torch 2.13,
nn/parallel/distributed.py (a bucket for each gradient).
"""

from __future__ import annotations

from typing import NamedTuple

from configlint.core.workload import Workload
from configlint.memory.closed_form.architecture import Architecture

MASTER_BYTES = 4


class Census(NamedTuple):
    """What a model holds, in bytes: weights, those of them that are not trained, gradients, the optimizer's states.
    `trained` counts elements; `layer` and `rest` are the weights of one layer, and those outside all layers."""

    weights: int
    frozen: int
    gradients: int
    states: int
    trained: int
    layer: int
    rest: int


class Spread(NamedTuple):
    """What of it lies on one device. `gradients` stay over several micro-batches, `reduced` are those of the step;
    of each new one, one part in `parts` is kept; `gathered` and `buckets` are what the exchange takes while
    forward and backward run."""

    weights: int
    gradients: int
    reduced: int
    parts: int
    states: int
    gathered: int
    buckets: int


def spread(workload: Workload, sizes: Architecture, census: Census, item: int, states: int) -> Spread:
    """`item` is the size of an element that is computed with, `states` how many an optimizer keeps."""
    alone = Spread(census.weights, census.gradients, census.gradients, 1, census.states, 0, 0)
    mixed = workload.dtype != "float32"
    # Beside 16-bit weights DeepSpeed keeps 32-bit ones, and the states of those.
    master = (
        (MASTER_BYTES * census.trained + max(census.states, states * 4 * census.trained))
        if mixed
        else census.states
    )
    devices = workload.shard
    if workload.data == "ddp":
        return alone._replace(buckets=census.gradients if workload.world > 1 else 0)
    if workload.data == "fsdp":
        return _fsdp(workload, census, item, devices, states)
    bucket = 2 * sizes.hidden * sizes.hidden * item
    own = 0 if workload.offload_optimizer else master // devices
    gradients = 0 if workload.offload_optimizer else census.gradients // devices
    if workload.data in ("zero0", "zero1"):
        return alone._replace(states=own, buckets=bucket)
    if workload.data == "zero2":
        return alone._replace(states=own, buckets=bucket, parts=devices, gradients=gradients, reduced=gradients)
    weights = 0 if workload.offload_parameters else census.weights // devices
    return Spread(
        weights,
        gradients,
        gradients,
        devices,
        own,
        max(2 * census.layer, census.rest),
        bucket,
    )


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
        2 * census.layer + census.rest,
        census.layer,
    )
