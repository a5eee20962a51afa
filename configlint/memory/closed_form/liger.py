"""Liger's kernels: what they keep is less, as they write gradients over what they were given.

Source: liger-kernel 0.8.5, ops/{rms_norm,swiglu,rope,fused_linear_cross_entropy}.py, transformers/monkey_patch.py.
"""

from __future__ import annotations

from configlint.memory.closed_form.operations import copy_of
from configlint.memory.closed_form.tape import Node, Storage, Tape, Tensor, Weight

# The families to which Liger does no more and no less than this.
FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "smollm3")
# Rows of partial sums in the norm's backward: the multiprocessors, here an A100's.
_MULTIPROCESSORS = 108


def rms_norm(tape: Tape, x: Tensor, weight: Weight, rows: int) -> Tensor:
    """The input and one number a row are kept; the gradient is written over that of the output."""
    out = Storage(tape, x.count * x.item, x.width)
    scales = Storage(tape, rows * 4)

    def rule(node: Node) -> tuple[Storage | None, ...]:
        if not weight.trainable:
            return node.grad, None
        tape.moment(_MULTIPROCESSORS * weight.count * 4)
        return node.grad, Storage(tape, weight.count * weight.item)

    return Tensor(out, x.count, x.item, tape.record((x.node, weight), (x.storage, scales), rule))


def silu_mul(tape: Tape, gate: Tensor, up: Tensor) -> Tensor:
    """Both inputs are kept, and their gradients written over them."""
    out = Storage(tape, gate.count * gate.item, gate.width)
    node = tape.record((gate.node, up.node), (gate.storage, up.storage), lambda node: node.saved)
    return Tensor(out, gate.count, gate.item, node)


def rotate(tape: Tape, x: Tensor) -> Tensor:
    """In place, forward and backward."""
    return Tensor(x.storage, x.count, x.item, tape.record((x.node,), (), lambda node: (node.grad,)))


def linear_cross_entropy(tape: Tape, x: Tensor, weight: Weight, rows: int, ampere: bool) -> Tensor:
    """The output layer and the loss in one: the forward makes the gradients, a chunk of tokens at a time, and they
    are what is kept. `ampere` says that a chunk's share is added to the weight's gradient in the product itself."""
    wide = x.count // rows
    vocabulary = weight.count // wide
    of_input = Storage(tape, x.count * x.item, x.width)
    of_weight = Storage(tape, weight.count * weight.item) if weight.trainable else None
    losses = Storage(tape, rows * 4)
    plain = x.item == weight.item and tape.autocast in (0, x.item)
    copy = None if plain else copy_of(tape, weight)[0]
    item = x.item if plain else tape.autocast or x.item
    chunk = _chunk(rows, wide, vocabulary)
    logits = Storage(tape, chunk * vocabulary * item, "vocabulary")
    if not plain:
        tape.moment(chunk * wide * item)
        # The transposed weight is none that autocast keeps a copy of.
        tape.moment(weight.count * item)
    if of_weight and not (ampere and item == 2):
        tape.moment(weight.count * (item + (4 if item == 2 else 0)))
    del logits, copy
    saved = (of_input, of_weight) if of_weight else (of_input,)
    node = tape.record((x.node, weight), saved, lambda node: (node.saved[0], _second(node)))
    del of_input, of_weight, saved, losses
    return Tensor(Storage(tape, 4), 1, 4, node)


def _second(node: Node) -> Storage | None:
    return node.saved[1] if len(node.saved) > 1 else None


def _chunk(rows: int, wide: int, vocabulary: int) -> int:
    """Tokens whose logits take about as much as all hidden states."""
    share = -(-rows // -(-vocabulary // wide))
    return int(min(1 << (share - 1).bit_length(), rows))
