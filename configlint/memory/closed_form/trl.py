"""TRL's own losses: the logits are made a tile at a time, in the forward and again in the backward; or whole.

Source: trl 1.16, kernels/chunked_logprob.py (ChunkedLogProbFunction), trainer/utils.py (32,768 words of the
vocabulary a tile). From 1.7 to 1.14 another function had the same purpose, with smaller tiles.
"""

from __future__ import annotations

from configlint.memory.closed_form.operations import gather, gives, scale, unary
from configlint.memory.closed_form.tape import Node, Storage, Tape, Tensor, Weight, needs

_TILE_ROWS = 4096
_TILE_WORDS = 32768
# Numbers in 32 bits that are kept of each token while the tiles go by.
_STATISTICS = 7


def log_probabilities(tape: Tape, x: Tensor, weight: Weight, rows: int) -> Tensor:
    """The output layer and the loss; the input is kept, and gradients are added up in 32 bits."""
    wide = x.count // rows
    item = tape.autocast or x.item
    words = min(_TILE_WORDS, weight.count // wide)
    tile = min(rows, _TILE_ROWS) * words * item
    copy = words * wide * item if weight.item != item else 0
    tape.moment(tile + copy + _STATISTICS * 4 * rows)
    kept = Storage(tape, 2 * 4 * rows)
    used, count, own = needs(x.node), x.count, x.item

    def rule(node: Node) -> tuple[Storage | None, ...]:
        of_input = Storage(tape, count * 4, "hidden") if used else None
        of_weight = Storage(tape, weight.count * 4) if weight.trainable else None
        tape.moment(tile + copy)
        if of_input and own != 4:
            of_input = Storage(tape, count * own, "hidden")
        if of_weight and weight.item != 4:
            of_weight = Storage(tape, weight.count * weight.item)
        return of_input, of_weight

    return Tensor(Storage(tape, 4), 1, 4, tape.record((x.node, weight), (x.storage, kept), rule))


def of_scored(tape: Tape, x: Tensor, rows: int, scored: int) -> Tensor:
    """The rows of those tokens whose log-probabilities count.

    Source: trl 1.16, trainer/utils.py, add_fused_lm_head.
    """
    return gather(tape, x, x.count // rows * scored, Storage(tape, 8 * scored))


def selected(tape: Tape, logits: Tensor, rows: int, some: bool) -> Tensor:
    """The log-probability of each next token, from logits of all words; of `some` tokens, they are divided by a
    temperature first.

    Source: trl 0.19 to 1.14, trainer/utils.py, selective_log_softmax; trainer/grpo_trainer.py,
    _get_per_token_logps.
    """
    size, width = logits.count * logits.item, logits.width
    # All but the last of a row, and the gradient of that is of all again.
    node = tape.record((logits.node,), (), gives(tape, size, width))
    logits = Tensor(logits.storage, logits.count, logits.item, node)
    if some:
        logits = scale(tape, logits)
    labels = Storage(tape, 8 * rows)
    if logits.item == 2:
        logits = unary(tape, logits, "out")
        node = tape.record((logits.node,), (labels,), gives(tape, size, width))
    else:
        picked = tape.record((logits.node,), (labels,), gives(tape, size, width))
        summed = tape.record((logits.node,), (logits.storage,), gives(tape, size, width))
        node = tape.record((picked, summed), (), lambda node: (node.grad, node.grad))
    return Tensor(Storage(tape, logits.item * rows), rows, logits.item, node)
