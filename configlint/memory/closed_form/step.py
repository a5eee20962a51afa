"""A whole training step of one device: its parts added up, phase by phase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from configlint.core.workload import CATEGORIES, PHASES, Workload
from configlint.knowledge.optimizers import StateMemory
from configlint.memory.closed_form.architecture import Architecture
from configlint.memory.closed_form.optimizers import state_bytes, step_bytes
from configlint.memory.closed_form.parts import ITEMS, Parts
from configlint.memory.closed_form.segments import Segment
from configlint.memory.closed_form.sharding import Census, Spread, spread
from configlint.memory.closed_form.tape import Weight, whole_blocks
from configlint.memory.closed_form.tower import tower

_WEIGHTS, _GRADIENTS, _OPTIMIZER, _ACTIVATIONS, _AUTOCAST, _TRANSIENT, _COMMUNICATION = (
    CATEGORIES.index(name)
    for name in ("weights", "gradients", "optimizer", "activations", "autocast", "transient", "communication")
)
Vector = list[int]
Runs = Sequence[tuple[Segment, int]]


class ComputedStep(NamedTuple):
    """The tensor peak in bytes, the phase it falls into, each category's bytes there, and each phase's peak; the
    layers; and how many parameters there are, adapters and all, and how many are trained."""

    peak: int
    phase: str
    breakdown: dict[str, int]
    phases: dict[str, int]
    stack: list[Segment]
    parameters: int
    trained: int


def simulate(workload: Workload, sizes: Architecture, kind: StateMemory) -> ComputedStep:
    """What one device holds in the second and later steps of a training."""
    parts = Parts(workload, sizes)
    embedding, stack, head = parts.embedding(), parts.stack(), parts.head()
    # Layers that are alike and follow each other are one run.
    runs = [(embedding, 1), *((segment, sum(1 for _ in same)) for segment, same in groupby(stack)), (head, 1)]
    weights = [*_weights(runs), *_tower(workload)]
    trained = [(weight, times) for weight, times in weights if weight.trainable]
    share = _spread(workload, sizes, kind, weights, runs)
    base = [0] * len(CATEGORIES)
    base[_WEIGHTS] = share.weights
    base[_OPTIMIZER] = share.states
    base[_COMMUNICATION] = share.buckets
    base[_ACTIVATIONS] = _inputs(workload, sizes)
    worst = _walk(base, share, runs, workload.accumulation > 1)
    level = list(base)
    level[_GRADIENTS] = share.reduced
    level[_TRANSIENT] = share.transient
    worst["step"] = level
    totals = {phase: sum(worst[phase]) for phase in PHASES}
    phase = max(PHASES, key=totals.__getitem__)
    return ComputedStep(
        totals[phase],
        phase,
        dict(zip(CATEGORIES, worst[phase], strict=True)),
        totals,
        stack,
        sum(weight.count * times for weight, times in weights),
        sum(weight.count * times for weight, times in trained),
    )


def _walk(
    base: Vector, share: Spread, runs: Sequence[tuple[Segment, int]], accumulating: bool
) -> dict[str, Vector]:
    """The worst moment of forward, loss and backward, by category."""
    worst: dict[str, Vector] = {}

    def moment(phase: str, level: Vector, above: Sequence[int]) -> None:
        if phase not in worst or sum(level) + sum(above) > sum(worst[phase]):
            worst[phase] = [a + b for a, b in zip(level, above, strict=True)]

    level = list(base)
    # What is kept of none is there from the start.
    level[_GRADIENTS] = share.gradients if accumulating or not share.kept else 0
    level[_COMMUNICATION] += share.gathered
    copies = 0
    for segment, times in runs:
        # Of layers that are alike, the last has most below it.
        level = [a + b * (times - 1) for a, b in zip(level, segment.kept, strict=True)]
        level[_AUTOCAST] += segment.copies * (times - 1)
        moment("loss" if segment is runs[-1][0] else "forward", level, segment.forward)
        level = [a + b for a, b in zip(level, segment.kept, strict=True)]
        level[_AUTOCAST] += segment.copies
        copies += segment.copies * times
    level[_AUTOCAST] -= copies
    # The output layer's gradient of a matrix that the embedding has too waits for that one's, whole.
    tied = {weight.name for weight in runs[0][0].weights}
    shared = sum(
        weight.count * weight.item for weight in runs[-1][0].weights if weight.name in tied and weight.trainable
    )
    for segment, times in reversed(runs):
        # From the first to the last of them it is a straight line.
        for layers in (1, times - 1) if times > 1 else (1,):
            level = [a - b * layers for a, b in zip(level, segment.kept, strict=True)]
            kept = int((segment.gradients - shared) * share.kept) + shared
            shared = 0
            level[_GRADIENTS] += kept * (layers - 1)
            moment("backward", level, segment.backward)
            level[_GRADIENTS] += kept
    return worst


def _inputs(workload: Workload, sizes: Architecture) -> int:
    """Tokens, labels and masks of the micro-batch; sines and cosines of the positions."""
    tokens = workload.batch * workload.length
    item = ITEMS[workload.dtype]
    windows = set(sizes.windows) or {0}
    tables = len(windows) * 2 * workload.length * int(sizes.head * sizes.rotary) * item
    # Without checkpointing the mask is gone with the model's forward, as attention has made its own of it.
    masks = workload.length * tokens if workload.padded and workload.checkpointing else 0
    return 2 * 8 * tokens + tables + masks


def _spread(
    workload: Workload,
    sizes: Architecture,
    kind: StateMemory,
    weights: list[tuple[Weight, int]],
    runs: Runs,
) -> Spread:
    trained = [(weight, times) for weight, times in weights if weight.trainable]
    sizes_of = [(weight, _stored(weight, workload.nested_scales) * times) for weight, times in weights]
    stored = sum(size for _, size in sizes_of)
    layers = [
        (sum(_stored(weight, workload.nested_scales) for weight in segment.weights), times)
        for segment, times in runs[1:-1]
    ]
    census = Census(
        weights=stored,
        frozen=sum(size for weight, size in sizes_of if not weight.trainable),
        gradients=sum(whole_blocks(weight.count * weight.item) * times for weight, times in trained),
        states=sum(whole_blocks(state_bytes(kind, weight.count, weight.item)) * times for weight, times in trained),
        trained=sum(weight.count * times for weight, times in trained),
        layer=max(size for size, _ in layers),
        rest=stored - sum(size * times for size, times in layers),
        transient=step_bytes(kind, trained),
    )
    return spread(workload, sizes, census, ITEMS[workload.dtype], kind)


def _weights(runs: Runs) -> Iterator[tuple[Weight, int]]:
    """Every weight of the model, with how often there is one of its kind; one that two parts share, once."""
    first = {weight.name for weight in runs[0][0].weights}
    for segment, times in runs:
        for weight in segment.weights:
            if segment is runs[0][0] or weight.name not in first:
                yield weight, times


def _tower(workload: Workload) -> Iterator[tuple[Weight, int]]:
    """What reads pictures: of text it gets no gradient, but engines that shard hold it as what they train."""
    if parameters := tower(workload.config) or 0:
        trained = workload.method == "full" and workload.data != "ddp"
        yield Weight("tower", parameters, ITEMS[workload.dtype], trained), 1


def _stored(weight: Weight, nested: bool) -> int:
    """Bytes of a weight; of one in 4 bits also the scales of 64 elements each: 32 bits, or nested 8 bits, and 32
    bits for 256 of those. One in 8 bits has a scale a row. Source: QLoRA, arXiv 2305.14314, section 3; bitsandbytes
    0.50, functional.py."""
    if not weight.bits:
        return whole_blocks(weight.count * weight.item)
    if weight.bits == 8:
        return whole_blocks(weight.count)
    blocks = -(-weight.count // 64)
    scales = whole_blocks(blocks) + whole_blocks(4 * -(-blocks // 256)) if nested else whole_blocks(4 * blocks)
    return whole_blocks(-(-weight.count // 2)) + scales
