"""A whole training step of one device: its parts added up, phase by phase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from configlint.core.record import NamedTuple
from configlint.core.workload import CATEGORIES, PHASES, Workload
from configlint.memory.closed_form.architecture import Architecture
from configlint.memory.closed_form.attention import Scope, adds_mask, is_eager
from configlint.memory.closed_form.optimizers import Kept, parameter_bytes, state_bytes, step_bytes
from configlint.memory.closed_form.parts import Parts
from configlint.memory.closed_form.segments import Segment
from configlint.memory.closed_form.sharding import ITEMS, MASTER_BYTES, Census, Spread, reference_bytes, spread
from configlint.memory.closed_form.tape import Weight, whole_blocks
from configlint.memory.closed_form.tower import NO_TOWER, tower

_INDEX = {category: index for index, category in enumerate(CATEGORIES)}
_WEIGHTS, _GRADIENTS, _OPTIMIZER, _ACTIVATIONS = map(
    _INDEX.__getitem__, ("weights", "gradients", "optimizer", "activations")
)
_AUTOCAST, _TRANSIENT, _COMMUNICATION = map(_INDEX.__getitem__, ("autocast", "transient", "communication"))
# Of each word, at the end of each row that is generated: its logit in 32 bits, over a temperature, sorted with its
# place, and as a probability. Source: transformers 5.23, generation/utils.py, _sample, and logits_process.py.
_SAMPLED = 24
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


def simulate(workload: Workload, sizes: Architecture, kind: Kept) -> ComputedStep:
    """What one device holds in the second and later steps of a training."""
    parts = Parts(workload, sizes, kind.in_backward)
    embedding, stack, head = parts.embedding(), parts.stack(), parts.head()
    # Layers that are alike and follow each other are one run.
    runs = [(embedding, 1), *((segment, sum(1 for _ in same)) for segment, same in groupby(stack)), (head, 1)]
    weights = [*_weights(runs), *_tower(workload)]
    trained = [(weight, times) for weight, times in weights if weight.trainable]
    share = _spread(workload, sizes, kind, weights, runs)
    base = [0] * len(CATEGORIES)
    base[_WEIGHTS] = share.weights
    base[_INDEX["reference"]] = reference_bytes(workload, _stored_in_all(workload, weights))
    base[_OPTIMIZER] = share.states
    base[_COMMUNICATION] = share.buckets
    base[_ACTIVATIONS] = _inputs(workload, sizes)
    if workload.evaluates:
        worst = {"evaluation": _evaluation(workload, sizes, base, share)}
    else:
        updates = [_update(kind, segment) if kind.in_backward else 0 for segment, _ in runs]
        compared = _compared(workload, sizes) if workload.reference and not workload.generates else None
        worst = _walk(base, share, runs, updates, workload.accumulation > 1, compared)
        level = list(base)
        level[_GRADIENTS] = share.reduced
        level[_TRANSIENT] = share.transient
        worst["step"] = level
    if workload.generated:
        worst["generation"] = _generation(workload, sizes, base, _stored_in_all(workload, weights))
    phases = ("generation", "evaluation") if workload.evaluates else PHASES
    totals = {phase: sum(worst.get(phase, ())) for phase in phases}
    phase = max(phases, key=totals.__getitem__)
    return ComputedStep(
        totals[phase],
        phase,
        dict(zip(CATEGORIES, worst[phase], strict=True)),
        totals,
        stack,
        sum(weight.count * times for weight, times in weights),
        sum(weight.count * times for weight, times in trained),
    )


def _compared(workload: Workload, sizes: Architecture) -> Vector:
    """What it takes to ask the reference model, beside the graph of the model that is trained."""
    alone = workload._replace(checkpointing=False)
    masks = _masks(alone, sizes, set(sizes.windows) or {0})
    worst, copies = Parts(alone, sizes).forward(scoring=True, masks=masks)
    found = list(worst)
    found[_AUTOCAST] += copies if workload.method == "full" else 0
    if not workload.chunked_loss:
        item = 4 if workload.autocast else ITEMS[workload.dtype]
        logits = workload.batch * workload.length * sizes.vocabulary * item
        found[_INDEX["logits"]] += int(workload.held_logits * logits)
    return found


def _evaluation(workload: Workload, sizes: Architecture, base: Vector, share: Spread) -> Vector:
    """The worst moment of an evaluation: nothing is kept for a backward, dropout is off, and what was trained of is
    there, but for the gradients.

    Source: transformers 5.24, trainer.py, _inner_training_loop (zero_grad comes before it) and prediction_step.
    """
    sizes = sizes.but(**dict.fromkeys(("embedding_dropout", "attention_dropout", "dropout", "head_dropout"), 0.0))
    parts = Parts(workload._replace(checkpointing=False, adapter_dropout=0.0), sizes)
    found = list(base)
    found[_GRADIENTS] = 0 if share.keepers else share.gradients
    found[_COMMUNICATION] += share.gathered
    layer, copies = parts.stack_alone()
    head, more = parts.head_alone()
    stream = parts.count * parts.stream
    # The masks are there until the last layer, as is what the first one was given; the last norm lets go of its.
    masks = _inputs(workload._replace(checkpointing=True), sizes) - base[_ACTIVATIONS]
    in_layer = {_ACTIVATIONS: masks + stream, _AUTOCAST: copies}
    in_head = {_ACTIVATIONS: -stream, _AUTOCAST: copies + more}
    levels = [
        [size + level[index] + beside.get(index, 0) for index, size in enumerate(found)]
        for level, beside in ((layer, in_layer), (head, in_head))
    ]
    return max(levels, key=sum)


def _generation(workload: Workload, sizes: Architecture, base: Vector, weights: int) -> Vector:
    """The worst moment of generating: keys and values of all rows, and what reading the prompts or choosing a word
    takes. The weights are gathered for it.

    Source: trl 1.16, trainer/grpo_trainer.py, _generate_single_turn; models/utils.py, unwrap_model_for_generation;
    transformers 5.23, cache_utils.py, DynamicCache: a layer's is made anew for each word.
    """
    rows, item = workload.generated, ITEMS[workload.dtype]
    prompt = max(workload.length - workload.scored, 1)
    read = Parts(workload._replace(batch=rows, length=prompt, checkpointing=False), sizes)
    layer, copies = read.forward(scoring=False)
    windows = sizes.windows or (0,) * sizes.layers
    lengths = [min(window or workload.length, workload.length) for window in windows]
    cache = 2 * sizes.key * item * rows * (sum(lengths) + max(lengths))
    found = list(base)
    found[_ACTIVATIONS] = found[_COMMUNICATION] = 0
    if workload.data in ("zero3", "fsdp"):
        found[_WEIGHTS] += weights
    chosen = [_SAMPLED * rows * sizes.vocabulary if index == _INDEX["logits"] else 0 for index in range(len(found))]
    found[_INDEX["generation"]] = cache
    found[_AUTOCAST] += copies
    return [a + b for a, b in zip(found, max(layer, chosen, key=sum), strict=True)]


def _update(kind: Kept, segment: Segment) -> int:
    """What it takes to update the largest parameter of a part."""
    return max((parameter_bytes(kind, weight) for weight in segment.weights if weight.trainable), default=0)


def _walk(
    base: Vector,
    share: Spread,
    runs: Sequence[tuple[Segment, int]],
    updates: Sequence[int],
    accumulating: bool,
    compared: Vector | None,
) -> dict[str, Vector]:
    """The worst moment of forward, loss and backward, by category; after the backward of each part come its
    `updates`, where there are any. After the forward the reference model is asked, which takes `compared`."""
    worst: dict[str, Vector] = {}

    def moment(phase: str, level: Vector, above: Sequence[int]) -> None:
        if phase not in worst or sum(level) + sum(above) > sum(worst[phase]):
            worst[phase] = [a + b for a, b in zip(level, above, strict=True)]

    level = list(base)
    # What is kept of none is there from the start.
    level[_GRADIENTS] = share.gradients if accumulating or not share.keepers else 0
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
    if compared:
        moment("loss", level, compared)
    # The output layer's gradient of a matrix that the embedding has too waits for that one's, whole.
    tied = {weight.name for weight in runs[0][0].weights}
    shared = sum(
        weight.count * weight.item for weight in runs[-1][0].weights if weight.name in tied and weight.trainable
    )
    for (segment, times), update in zip(reversed(runs), reversed(updates), strict=True):
        # From the first to the last of them it is a straight line.
        for layers in (1, times - 1) if times > 1 else (1,):
            level = [a - b * layers for a, b in zip(level, segment.kept, strict=True)]
            kept = ((segment.gradients - shared) // share.keepers if share.keepers else 0) + shared
            shared = 0
            level[_GRADIENTS] += kept * (layers - 1)
            moment("backward", level, segment.backward)
            level[_GRADIENTS] += kept
            if update:
                moment("backward", level, [update if index == _TRANSIENT else 0 for index in range(len(level))])
    return worst


def _inputs(workload: Workload, sizes: Architecture) -> int:
    """Tokens, labels and masks of the micro-batch; sines and cosines of the positions."""
    tokens = workload.batch * workload.length
    item = ITEMS[workload.dtype]
    windows = set(sizes.windows) or {0}
    tables = len(windows) * 2 * workload.length * int(sizes.head * sizes.rotary) * item
    # Of distances the table's norm, and then its gradient.
    tables += sizes.distances * sizes.hidden * (4 if workload.autocast else item)
    return 2 * 8 * tokens + tables + (_masks(workload, sizes, windows) if workload.checkpointing else 0)


def _masks(workload: Workload, sizes: Architecture, windows: set[int]) -> int:
    """The masks, one for each kind of window. Without checkpointing they are gone with the model's forward, as
    attention has made its own of them. Eager attention adds them, in the dtype of the scores."""
    scope = Scope(workload, ITEMS[workload.dtype])
    if sizes.distances:
        from configlint.memory.closed_form.disentangled import mask_bytes  # few models have any

        return mask_bytes(scope)
    eager = is_eager(sizes, scope)
    masked = sum(adds_mask(sizes, scope, window) if eager else scope.masked(window) for window in windows)
    return masked * scope.batch * scope.length**2 * (scope.item if eager else 1)


def _spread(
    workload: Workload,
    sizes: Architecture,
    kind: Kept,
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
        states=sum(_states(workload, kind, weight) * times for weight, times in trained),
        trained=sum(weight.count * times for weight, times in trained),
        layer=max(size for size, _ in layers),
        rest=stored - sum(size * times for size, times in layers),
        transient=step_bytes(kind, trained),
    )
    return spread(workload, sizes, census, ITEMS[workload.dtype], kind)


def _states(workload: Workload, kind: Kept, weight: Weight) -> int:
    """What the optimizer keeps of a weight; under DeepSpeed it has 32-bit copies of all of them in one piece."""
    if workload.data.startswith("zero"):
        return state_bytes(kind, weight, MASTER_BYTES)
    return whole_blocks(state_bytes(kind, weight, weight.item))


def _weights(runs: Runs) -> Iterator[tuple[Weight, int]]:
    """Every weight of the model, with how often there is one of its kind; one that two parts share, once."""
    first = {weight.name for weight in runs[0][0].weights}
    for segment, times in runs:
        for weight in segment.weights:
            if segment is runs[0][0] or weight.name not in first:
                yield weight, times


def _tower(workload: Workload) -> Iterator[tuple[Weight, int]]:
    """What reads pictures: of text it gets no gradient, but engines that shard hold it as what they train."""
    found = tower(workload.config) or NO_TOWER
    trained = workload.method == "full" and workload.data != "ddp"
    if found.linear:
        linear = Weight("tower.linear", found.linear, ITEMS[workload.dtype], trained)
        linear.bits = workload.bits if workload.method == "qlora" else 0
        item = 4 if workload.upcast and workload.method != "full" else linear.item
        yield from ((linear, 1), (Weight("tower", found.others, item, trained), 1))


def _stored_in_all(workload: Workload, weights: list[tuple[Weight, int]]) -> int:
    return sum(_stored(weight, workload.nested_scales) * times for weight, times in weights)


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
