"""What PyTorch's operations save, allocate and free, on tensors that are sizes.

Each function is one operation or one module of Transformers; sizes are in elements, `item` in bytes. An
operation under autocast follows CUDA's lists: matrix products in 16 bits, norms, powers and losses in 32.

Source: PyTorch 2.13, tools/autograd/derivatives.yaml (what is saved, what a backward computes),
aten/src/ATen/autocast_mode.cpp (the lists, and that copies of trainable weights are kept until autocast ends);
held against the trace (`configlint/memory/trace`) by benchmarks/memory.
"""

from __future__ import annotations

from configlint.memory.closed_form.tape import Node, Rule, Storage, Tape, Target, Tensor, Weight, needs

# From so many tokens on the gradient of an embedding is made by way of sorting them.
# Source: PyTorch 2.13, aten/src/ATen/native/cuda/Embedding.cu and EmbeddingBackwardKernel.cu.
_SORTED_FROM = 3072


def cast(tape: Tape, x: Tensor, item: int) -> Tensor:
    """`x.to(dtype)`: the same tensor where it has that size already."""
    if x.item == item:
        return x
    count, before, width = x.count, x.item, x.width
    out = Storage(tape, count * item, width)
    return Tensor(out, count, item, tape.record((x.node,), (), gives(tape, count * before, width)))


def add(tape: Tape, a: Tensor, b: Tensor) -> Tensor:
    """`a + b`: both get the gradient itself, or a cast of it."""
    item = max(a.item, b.item)
    count = max(a.count, b.count)
    out = Storage(tape, count * item, a.width)
    parts = tuple((needs(t.node), t.item, t.count, t.width) for t in (a, b))

    def rule(node: Node) -> tuple[Storage | None, ...]:
        return tuple(
            None if not used else node.grad if (size, n) == (item, count) else Storage(tape, n * size, width)
            for used, size, n, width in parts
        )

    return Tensor(out, count, item, tape.record((a.node, b.node), (), rule))


def copied(tape: Tape, x: Tensor) -> Tensor:
    """A copy, in the same or another order: the gradient goes on as it is."""
    return shift(tape, x)


def views(tape: Tape, whole: Tensor, *counts: int) -> list[Tensor]:
    """Parts of one tensor; the gradient of each is put into one of its size."""
    size, width, item = whole.count * whole.item, whole.width, whole.item
    return [
        Tensor(whole.storage, count, item, tape.record((whole.node,), (), gives(tape, size, width)))
        for count in counts
    ]


def add_in_place(tape: Tape, a: Tensor, b: Tensor) -> Tensor:
    """`a += b`."""
    return Tensor(
        a.storage, a.count, a.item, tape.record((a.node, b.node), (), lambda node: (node.grad, node.grad))
    )


def gather(tape: Tape, x: Tensor, count: int, index: Storage) -> Tensor:
    """`x[index]`, `count` elements in all."""
    out = Storage(tape, count * x.item, x.width)
    rule = gives(tape, x.count * x.item, x.width)
    return Tensor(out, count, x.item, tape.record((x.node,), (index,), rule))


def mul(tape: Tape, a: Tensor, b: Tensor) -> Tensor:
    """`a * b` of one shape: each is saved where the other needs a gradient."""
    item = max(a.item, b.item)
    out = Storage(tape, a.count * item, a.width)
    saved = _saved((a.storage, b.node), (b.storage, a.node))
    parts = tuple((needs(t.node), t.item) for t in (a, b))
    count, width = a.count, a.width

    def rule(node: Node) -> tuple[Storage | None, ...]:
        made = [Storage(tape, count * item, width) if used else None for used, _ in parts]
        return tuple(
            Storage(tape, count * size, width) if used and size != item else one
            for one, (used, size) in zip(made, parts, strict=True)
        )

    return Tensor(out, count, item, tape.record((a.node, b.node), saved, rule))


def mul_rows(tape: Tape, x: Tensor, row: Tensor) -> Tensor:
    """`x * row`, of which the latter is one number a row."""
    out = Storage(tape, x.count * x.item, x.width)
    saved = _saved((x.storage, row.node), (row.storage, x.node))
    count, item, width, small = x.count, x.item, x.width, row.count * row.item
    both = needs(row.node)

    def rule(node: Node) -> tuple[Storage | None, ...]:
        one = Storage(tape, count * item, width)
        other = Storage(tape, count * item, width) if both else None  # summed up only after both are there
        return one, Storage(tape, small) if other else None

    return Tensor(out, count, item, tape.record((x.node, row.node), saved, rule))


def sub_rows(tape: Tape, x: Tensor, row: Tensor) -> Tensor:
    """`x - row`, of which the latter is one number a row."""
    out = Storage(tape, x.count * x.item, x.width)
    small = row.count * row.item

    def rule(node: Node) -> tuple[Storage | None, ...]:
        negative = Storage(tape, x_size, x_width)
        summed = Storage(tape, small)
        del negative
        return node.grad, summed

    x_size, x_width = x.count * x.item, x.width
    return Tensor(out, x.count, x.item, tape.record((x.node, row.node), (), rule))


def mul_weight(tape: Tape, x: Tensor, weight: Weight, weight_item: int) -> Tensor:
    """`weight * x` along the rows; `weight_item` is the size of its elements as they come in."""
    item = max(x.item, weight_item)
    out = Storage(tape, x.count * item, x.width)
    saved = (x.storage,) if weight.trainable else ()
    count, width, own = x.count, x.width, x.item

    def rule(node: Node) -> tuple[Storage | None, ...]:
        one = Storage(tape, count * item, width)
        full = Storage(tape, count * item, width) if weight.trainable else None
        if own != item:
            one = Storage(tape, count * own, width)
        return one, Storage(tape, weight.count * weight.item) if full else None

    return Tensor(out, count, item, tape.record((x.node, weight), saved, rule))


def scale(tape: Tape, x: Tensor) -> Tensor:
    """A product with, or a quotient by, a number: nothing is saved."""
    out = Storage(tape, x.count * x.item, x.width)
    rule = gives(tape, x.count * x.item, x.width)
    return Tensor(out, x.count, x.item, tape.record((x.node,), (), rule))


def shift(tape: Tape, x: Tensor) -> Tensor:
    """A sum with a number or with something that needs no gradient: the gradient goes on as it is."""
    out = Storage(tape, x.count * x.item, x.width)
    return Tensor(out, x.count, x.item, tape.record((x.node,), (), lambda node: (node.grad,)))


def unary(tape: Tape, x: Tensor, saves: str) -> Tensor:
    """An activation or the like that saves what goes `in` or comes `out`."""
    out = Storage(tape, x.count * x.item, x.width)
    saved = (x.storage,) if saves == "in" else (out,)
    rule = gives(tape, x.count * x.item, x.width)
    return Tensor(out, x.count, x.item, tape.record((x.node,), saved, rule))


def power(tape: Tape, x: Tensor) -> Tensor:
    """`x.pow(n)`, in 32 bits under autocast."""
    if tape.autocast:
        x = cast(tape, x, 4)
    count, item, width = x.count, x.item, x.width
    out = Storage(tape, count * item, width)

    def rule(node: Node) -> tuple[Storage | None, ...]:
        power, product = Storage(tape, count * item, width), Storage(tape, count * item, width)
        result = Storage(tape, count * item, width)
        del power, product
        return (result,)

    return Tensor(out, count, item, tape.record((x.node,), (x.storage,), rule))


def mean(tape: Tape, x: Tensor, rows: int) -> Tensor:
    """The mean of each row."""
    rule = gives(tape, x.count * x.item, x.width)
    return Tensor(Storage(tape, rows * x.item), rows, x.item, tape.record((x.node,), (), rule))


def dropout(tape: Tape, x: Tensor, rate: float) -> Tensor:
    """A mask of one byte an element is saved; without a rate, nothing happens."""
    if not rate:
        return x
    out = Storage(tape, x.count * x.item, x.width)
    mask = Storage(tape, x.count, x.width)
    rule = gives(tape, x.count * x.item, x.width)
    return Tensor(out, x.count, x.item, tape.record((x.node,), (mask,), rule))


def rms_norm(tape: Tape, x: Tensor, weight: Weight, rows: int, style: str) -> Tensor:
    """Transformers' RMSNorm in its spellings: `llama` scales in the input's dtype, `gemma` by one plus the
    weight in 32 bits, `olmo` by the weight in 32 bits."""
    before = x.item
    x = cast(tape, x, 4)
    if style == "cohere":
        # About the mean, which is taken off for the variance and once more.
        centre = mean(tape, x, rows)
        variance = mean(tape, power(tape, sub_rows(tape, x, centre)), rows)
        x = sub_rows(tape, x, centre)
        del centre
    else:
        variance = mean(tape, power(tape, x), rows)
    x = mul_rows(tape, x, unary(tape, shift(tape, variance), "out"))
    del variance
    if style == "llama":
        return mul_weight(tape, cast(tape, x, before), weight, weight.item)
    x = mul_weight(tape, x, weight, 4)
    return cast(tape, x, before)


def layer_norm(tape: Tape, x: Tensor, weight: Weight, bias: Weight | None, rows: int) -> Tensor:
    """The fused kernel: input and two numbers a row are saved; 32 bits under autocast."""
    if tape.autocast:
        x = cast(tape, x, 4)
    count, item, width = x.count, x.item, x.width
    out = Storage(tape, count * item, width)
    statistics = Storage(tape, rows * 4), Storage(tape, rows * 4)
    used = needs(x.node)

    def rule(node: Node) -> tuple[Storage | None, ...]:
        return (
            Storage(tape, count * item, width) if used else None,
            Storage(tape, weight.count * weight.item) if weight.trainable else None,
            Storage(tape, bias.count * bias.item) if bias and bias.trainable else None,
        )

    return Tensor(out, count, item, tape.record((x.node, weight, bias), (x.storage, *statistics), rule))


def copy_of(tape: Tape, weight: Weight) -> tuple[Storage | None, Target, int]:
    """A weight as a matrix product takes it: autocast's copy (None without), where its gradient goes, and the
    size of its elements. Copies of what is trained are kept until autocast ends, others are made anew."""
    item = tape.autocast
    if not item or weight.item == item:
        return None, weight, weight.item
    if weight.copy is not None:
        return weight.copy.storage, weight.copy.node, item
    before = tape.spend_on("autocast")
    copy = Storage(tape, weight.count * item)
    tape.category = before
    recording, tape.recording = tape.recording, True
    node = tape.record((weight,), (), gives(tape, weight.count * weight.item, "1"))
    tape.recording = recording
    if weight.trainable:
        weight.copy = Tensor(copy, weight.count, item, node if recording else None)
        tape.copies.append(weight)
    return copy, node if recording else None, item


def linear(tape: Tape, x: Tensor, weight: Weight, wide: int, width: str, bias: Weight | None = None) -> Tensor:
    """`F.linear` to `wide` elements in all: the input is saved where the weight is trained."""
    if weight.bits == 8:
        return _in_8_bits(tape, x, weight, wide, width)
    if weight.bits:
        return _dequantized(tape, x, weight, wide, width)
    if tape.autocast:
        x = cast(tape, x, tape.autocast)
    copy, target, item = copy_of(tape, weight)
    out = Storage(tape, wide * item, width)
    saved = (x.storage,) if weight.trainable else ()
    if copy is not None and needs(x.node):
        saved = (*saved, copy)
    count, used, rows_width, trained = x.count, needs(x.node), x.width, weight.trainable

    def rule(node: Node) -> tuple[Storage | None, ...]:
        return (
            Storage(tape, count * item, rows_width) if used else None,
            Storage(tape, weight.count * item) if trained else None,
            Storage(tape, bias.count * bias.item) if bias and bias.trainable else None,
        )

    return Tensor(out, wide, item, tape.record((x.node, target, bias), saved, rule))


def _dequantized(tape: Tape, x: Tensor, weight: Weight, wide: int, width: str) -> Tensor:
    """bitsandbytes' 4-bit product: the weight in 16 bits for a moment, forward and backward.

    Source: bitsandbytes 0.50, autograd/_functions.py, MatMul4Bit.
    """
    before = x.item
    x = cast(tape, x, weight.item)
    whole = Storage(tape, weight.count * weight.item)
    out = Storage(tape, wide * weight.item, width)
    del whole
    count, used, rows_width = x.count, needs(x.node), x.width

    def rule(node: Node) -> tuple[Storage | None, ...]:
        whole = Storage(tape, weight.count * weight.item)
        result = Storage(tape, count * weight.item, rows_width) if used else None
        del whole
        return (result,)

    made = Tensor(out, wide, weight.item, tape.record((x.node,), (), rule))
    return cast(tape, made, before)


def _in_8_bits(tape: Tape, x: Tensor, weight: Weight, wide: int, width: str) -> Tensor:
    """bitsandbytes' 8-bit product: what goes in is kept, though the weight is not trained, and is brought to 8 bits
    by way of float16; the backward brings the weight to the input's dtype.

    Source: bitsandbytes 0.50, autograd/_functions.py, MatMul8bitLt.
    """
    count, item, used, rows_width = x.count, x.item, needs(x.node), x.width
    half = Storage(tape, 2 * count if item != 2 else 0)
    narrow = Storage(tape, count)
    out = Storage(tape, wide * item, width)
    del half, narrow

    def rule(node: Node) -> tuple[Storage | None, ...]:
        whole = Storage(tape, weight.count * item)
        result = Storage(tape, count * item, rows_width) if used else None
        del whole
        return (result,)

    return Tensor(out, wide, item, tape.record((x.node,), (x.storage,), rule))


def embedding(tape: Tape, weight: Weight, rows: int, wide: int, width: str, joins_view: bool = False) -> Tensor:
    """Rows of a table, `wide` elements in all; the gradient is as large as the table. `joins_view` says that
    another one waits for it that is a view, so that their sum is a tensor of its own."""
    out = Storage(tape, wide * weight.item, width)

    def rule(node: Node) -> tuple[Storage | None, ...]:
        made = Storage(tape, weight.count * weight.item)
        if rows > _SORTED_FROM:
            # Partial sums in 32 bits, for each 10 tokens and for each word; and the indices, sorted.
            tape.moment(4 * wide // rows * (rows // 10 + min(rows, weight.count * rows // wide)) + 48 * rows)
        if joins_view:
            node.grad = None
            tape.moment(made.size)
        return (made,)

    return Tensor(out, wide, weight.item, tape.record((weight,), (), rule))


def cross_entropy(tape: Tape, logits: Tensor, rows: int) -> Tensor:
    """`F.cross_entropy`: log_softmax in 32 bits, then the mean of the picked ones."""
    if tape.autocast:
        logits = cast(tape, logits, 4)
    logarithms = unary(tape, logits, "out")
    labels = Storage(tape, rows * 8)
    rule = gives(tape, logarithms.count * logarithms.item, logarithms.width)
    node = tape.record((logarithms.node,), (logarithms.storage, labels), rule)
    return Tensor(Storage(tape, 4), 1, 4, node)


def gives(tape: Tape, size: int, width: str) -> Rule:
    """The backward that makes one gradient of a size."""
    return _Gives(tape, size, width)


class _Gives:
    __slots__ = ("size", "tape", "width")

    def __init__(self, tape: Tape, size: int, width: str) -> None:
        self.tape = tape
        self.size = size
        self.width = width

    def __call__(self, node: Node) -> tuple[Storage | None, ...]:
        return (Storage(self.tape, self.size, self.width),)


def _saved(*pairs: tuple[Storage, Target]) -> tuple[Storage, ...]:
    return tuple(storage for storage, other in pairs if needs(other))
