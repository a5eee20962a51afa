"""TRL's own loss for SFT: the logits are made a tile at a time, in the forward and again in the backward.

Source: trl 1.16, kernels/chunked_logprob.py (ChunkedLogProbFunction), trainer/utils.py (32,768 words of the
vocabulary a tile). From 1.7 to 1.14 another function had the same purpose, with smaller tiles.
"""

from __future__ import annotations

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
