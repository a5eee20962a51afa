"""Attention: which kernel CUDA takes, and what each keeps.

Source: transformers 5.23, integrations/sdpa_attention.py and the eager functions of the models; PyTorch 2.13,
aten/src/ATen/native/transformers (flash takes 16 bits, no mask, heads up to 256 wide, compute capability 8.0 on;
else the memory-efficient kernel, which takes as many key heads as query heads and a mask in the query's dtype;
else plain products).
"""

from __future__ import annotations

from configlint.core.workload import Workload
from configlint.memory.closed_form.architecture import Architecture
from configlint.memory.closed_form.operations import cast, copied, dropout, gives, scale, shift, sub_rows, unary
from configlint.memory.closed_form.tape import Node, Storage, Tape, Tensor, Weight, needs

_FLASH_WIDEST_HEAD = 256
_AMPERE = (8, 0)
# The release whose loss shifts the labels, not the logits.
_LABELS_SHIFTED = (4, 49)
# The efficient kernel pads its row of logarithms. Source: PyTorch 2.13, native/transformers/cuda/attention.cu.
_EFFICIENT_ROWS = 32


class Scope:
    """One micro-batch: `batch` samples of `length` tokens, `rows` tokens in all; `item` is the size of the weights'
    elements."""

    def __init__(self, workload: Workload, item: int) -> None:
        self.batch = workload.batch
        # Under context parallelism each device has a part of each sample.
        self.length = -(-workload.length // workload.context)
        self.rows = workload.batch * self.length
        if workload.flattened and workload.attention in ("sdpa", "eager"):
            self.batch, self.length = 1, self.rows
        self.item = item
        self.attention = workload.attention
        self.checkpointing = workload.checkpointing
        self.padded = workload.padded or self.batch != workload.batch
        self.capability = workload.capability
        self.fused = workload.fused_loss
        self.chunked = workload.chunked_loss
        self.scores = workload.scores
        self.logarithms = workload.logarithms
        self.beside_logits = workload.beside_logits
        self.nll = workload.nll
        self.scored = workload.batch * -(-workload.scored // workload.context) or self.rows
        self.task = workload.task
        self.shifts = workload.release < _LABELS_SHIFTED
        self.bfloat16 = "bfloat16" in (workload.dtype, workload.autocast)

    @property
    def ampere(self) -> bool:
        """Whether the device is of NVIDIA's generation 8.0 or a later one, as is taken where nothing is known."""
        return self.capability is None or self.capability >= _AMPERE

    def masked(self, window: int) -> bool:
        """Whether attention gets a mask: where there is padding, or a sample that fills a window."""
        return self.padded or (bool(window) and window <= self.length)


def attend(
    tape: Tape,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    sizes: Architecture,
    scope: Scope,
    window: int,
    sinks: Weight | None = None,
) -> Tensor:
    """Queries, keys and values to the heads' output."""
    if is_eager(sizes, scope):
        return _eager(tape, q, k, v, sizes, scope, adds_mask(sizes, scope, window), sinks)
    if tape.autocast:
        q, k, v = (cast(tape, x, tape.autocast) for x in (q, k, v))
    packaged = scope.attention not in ("sdpa", "paged|sdpa")
    masked = not packaged and scope.masked(window)
    if sizes.broadcast and not packaged:
        return _mathematical(tape, q, k, v, sizes, scope, True)
    if packaged or (not masked and _can_flash(q.item, sizes.head, scope)):
        # FlashAttention 2 adds up the queries' gradient in 32 bits, and makes those of keys and values for each
        # query head. Source: flash-attention 2.8, csrc/flash_attn/flash_api.cpp, mha_bwd.
        scratch = 4 * q.count + 4 * scope.rows * sizes.heads
        scratch += 2 * q.item * q.count if sizes.heads != sizes.key_heads else 0
        out = _fused(tape, q, k, v, sizes, scope, 0, scope.length, scratch)
        # Its output is laid out as the queries are, which a copy has put head by head; then it is copied back.
        return copied(tape, out) if sizes.joined else out
    shared = sizes.heads != sizes.key_heads
    if masked and shared:
        # Before the kernel is chosen; of one head, it is a view.
        if sizes.key_heads > 1:
            k, v = _repeated(tape, k, q.count), _repeated(tape, v, q.count)
        shared = False
    if shared or not _can_be_efficient(q.item, sizes.head, scope):
        return _mathematical(tape, q, k, v, sizes, scope, shared)
    bias = scope.batch * scope.length * scope.length * q.item if masked else 0
    rows = -(-scope.length // _EFFICIENT_ROWS) * _EFFICIENT_ROWS
    return _fused(tape, q, k, v, sizes, scope, bias, rows)


def is_eager(sizes: Architecture, scope: Scope) -> bool:
    """Whether scores are made one by one: where that is asked for, or no kernel knows what is done with them."""
    return scope.attention == "eager" or sizes.capped or (sizes.sinks and scope.attention == "sdpa")


def adds_mask(sizes: Architecture, scope: Scope, window: int) -> bool:
    """Whether eager attention gets a mask: a decoder's always, an encoder's as any other's."""
    return not sizes.encoder or scope.masked(window)


def _can_flash(item: int, head: int, scope: Scope) -> bool:
    return item == 2 and head <= _FLASH_WIDEST_HEAD and scope.ampere


def _can_be_efficient(item: int, head: int, scope: Scope) -> bool:
    """The memory-efficient kernel takes heads of whole 16 bytes, and 16 bits of the kind that the device has."""
    multiple = 8 if item == 2 else 4 if scope.ampere else 1
    return head % multiple == 0 and (scope.ampere or item == 4 or not scope.bfloat16)


def _mathematical(
    tape: Tape, q: Tensor, k: Tensor, v: Tensor, sizes: Architecture, scope: Scope, shared: bool
) -> Tensor:
    """What is left where no kernel will do, as with keys that heads share in 32 bits: all scores, in 32 bits.

    Source: PyTorch 2.13, native/transformers/attention.cpp, _scaled_dot_product_attention_math; sdp_utils.cpp.
    """
    before = q.item
    q, k, v = (cast(tape, x, 4) for x in (q, k, v))
    q = scale(tape, q)
    if sizes.broadcast:
        k, shared = scale(tape, k), shared and scope.batch > 1  # of one sample, the copies are views
    bias = Storage(tape, 4 * scope.length * scope.length, "length^2")
    if shared:
        k, v = _repeated(tape, k, q.count), _repeated(tape, v, q.count)
    pairs = scope.batch * scope.length * scope.length * sizes.heads
    k = k if sizes.broadcast else scale(tape, k)
    scores = product(tape, copied(tape, q), k, pairs, "heads x length")
    tape.moment(pairs * 9)  # the softmax, what of it is masked, and what is left
    weights = unary(tape, scores, "out")
    del scores
    out = cast(tape, product(tape, weights, v, q.count, "query"), before)
    del bias
    return copied(tape, out)


def _fused(
    tape: Tape,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    sizes: Architecture,
    scope: Scope,
    bias: int,
    rows: int,
    scratch: int = 0,
) -> Tensor:
    """A kernel that keeps its inputs, its output and a logarithm a row and head; and the mask, where there is one.
    `scratch` are the bytes that its backward takes for itself."""
    mask = Storage(tape, bias, "length^2") if bias else None
    out = Storage(tape, q.count * q.item, q.width)
    logarithms = Storage(tape, scope.batch * rows * sizes.heads * 4, "heads")
    saved = (q.storage, k.storage, v.storage, out, logarithms) + ((mask,) if mask else ())
    parts = tuple((needs(x.node), x.count * x.item, x.width) for x in (q, k, v))

    def rule(node: object) -> tuple[Storage | None, ...]:
        made = tuple(Storage(tape, size, width) for _, size, width in parts)
        tape.moment(scratch)
        return tuple(one if used else None for one, (used, _, _) in zip(made, parts, strict=True))

    return Tensor(out, q.count, q.item, tape.record((q.node, k.node, v.node), saved, rule))


def _repeated(tape: Tape, x: Tensor, count: int) -> Tensor:
    """Keys or values, copied for each query head."""
    out = Storage(tape, count * x.item, "query")
    size, width = x.count * x.item, x.width
    node = tape.record((x.node,), (), gives(tape, size, width))
    return Tensor(out, count, x.item, node)


def _eager(
    tape: Tape,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    sizes: Architecture,
    scope: Scope,
    masked: bool,
    sinks: Weight | None,
) -> Tensor:
    """Products and a softmax in Python: the scores of each head are kept, mostly in 32 bits."""
    if tape.autocast:
        q, k, v = (cast(tape, x, tape.autocast) for x in (q, k, v))
    if sizes.heads != sizes.key_heads:
        k, v = _repeated(tape, k, q.count), _repeated(tape, v, q.count)
    else:
        k, v = copied(tape, k), copied(tape, v)
    q = copied(tape, q)
    scores = scale(
        tape, product(tape, q, k, scope.batch * scope.length * scope.length * sizes.heads, "heads x length")
    )
    if sizes.capped:
        scores = scale(tape, unary(tape, scale(tape, scores), "out"))
    scores = shift(tape, scores) if masked else scores
    if sinks:
        scores = _with_sinks(tape, scores, sinks, scope.rows * sizes.heads)
    in_32_bits = bool(tape.autocast) or not sizes.plain_softmax
    weights = unary(tape, cast(tape, scores, 4 if in_32_bits else scores.item), "out")
    del scores
    if sizes.order == "sum":  # BERT casts what is left, the others what comes in
        weights = cast(tape, dropout(tape, weights, sizes.attention_dropout), q.item)
    else:
        weights = dropout(tape, cast(tape, weights, q.item), sizes.attention_dropout)
    return copied(tape, product(tape, weights, v, q.count, "query"))


def _with_sinks(tape: Tape, scores: Tensor, sinks: Weight, rows: int) -> Tensor:
    """Beside the scores of each row a learned one, from which nothing is taken; then the largest is taken off.

    Source: transformers 5.24, models/gpt_oss/modeling_gpt_oss.py, eager_attention_forward.
    """
    item, width = scores.item, scores.width
    count = scores.count + rows
    joined = Storage(tape, count * item, width)

    def parts(node: Node) -> tuple[Storage | None, ...]:
        return node.grad, Storage(tape, sinks.count * item) if sinks.trainable else None

    both = Tensor(joined, count, item, tape.record((scores.node, sinks), (), parts))
    del joined
    largest, places = Storage(tape, rows * item), Storage(tape, rows * 8)
    node = tape.record((both.node,), (places,), gives(tape, count * item, width))
    return sub_rows(tape, both, Tensor(largest, rows, item, node))


def product(tape: Tape, a: Tensor, b: Tensor, count: int, width: str) -> Tensor:
    """A batched matrix product of two activations."""
    out = Storage(tape, count * a.item, width)
    saved = tuple(x.storage for x, other in ((a, b), (b, a)) if needs(other.node))
    parts = tuple((needs(x.node), x.count * x.item, x.width) for x in (a, b))

    def rule(node: object) -> tuple[Storage | None, ...]:
        return tuple(Storage(tape, size, width) if used else None for used, size, width in parts)

    return Tensor(out, count, a.item, tape.record((a.node, b.node), saved, rule))
