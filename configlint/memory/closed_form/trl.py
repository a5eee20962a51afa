"""TRL's own losses: the logits are made a tile at a time, in the forward and again in the backward; or whole.

Source: trl 1.16, kernels/chunked_logprob.py (ChunkedLogProbFunction), trainer/utils.py (32,768 words of the
vocabulary a tile). From 1.7 to 1.14 another function had the same purpose, with smaller tiles.
"""

from __future__ import annotations

from configlint.memory.closed_form.attention import Scope
from configlint.memory.closed_form.operations import add, copied, cross_entropy, gather, gives, scale, unary, views
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
        of_input = wide_input = Storage(tape, count * 4, "hidden") if used else None
        of_weight = wide_weight = Storage(tape, weight.count * 4) if weight.trainable else None
        # Local names until the function ends.
        scratch = Storage(tape, tile + copy)
        if of_input and own != 4:
            of_input = Storage(tape, count * own, "hidden")
        if of_weight and weight.item != 4:
            of_weight = Storage(tape, weight.count * weight.item)
        del wide_input, wide_weight, scratch
        return of_input, of_weight

    return Tensor(Storage(tape, 4), 1, 4, tape.record((x.node, weight), (x.storage, kept), rule))


def of_scored(tape: Tape, x: Tensor, rows: int, scored: int) -> Tensor:
    """The rows of those tokens whose log-probabilities count.

    Source: trl 1.16, trainer/utils.py, add_fused_lm_head.
    """
    return gather(tape, x, x.count // rows * scored, Storage(tape, 8 * scored))


def of_logits(tape: Tape, logits: Tensor, scope: Scope, rows: int) -> Tensor:
    beside = Storage(tape, int(scope.beside_logits * logits.storage.size))
    made = _with_likelihood(tape, logits, scope) if scope.nll else _selected(tape, logits, scope, rows)
    del beside
    return made


def _selected(tape: Tape, logits: Tensor, scope: Scope, rows: int) -> Tensor:
    """The log-probability of each next token, from logits of all words; of some of the tokens, they are divided by
    a temperature first.

    Source: trl 0.9 to 1.16, trainer/utils.py, selective_log_softmax, and the trainers' get_batch_logps;
    trainer/grpo_trainer.py, _get_per_token_logps.
    """
    # All but the last of a row, and the gradient of that is of all again.
    (logits,) = views(tape, logits, logits.count)
    if rows < scope.rows:
        logits = scale(tape, logits)
    labels = Storage(tape, 8 * rows)
    made = {"kernel": _in_kernel, "whole": _of_whole}.get(scope.logarithms) or (
        _of_rows if logits.item == 2 else _of_sums
    )
    return Tensor(Storage(tape, logits.item * rows), rows, logits.item, made(tape, logits, labels, scope.batch))


def _in_kernel(tape: Tape, logits: Tensor, labels: Storage, batch: int) -> Node | None:
    """Source: trl 1.16, kernels/logprob_entropy.py, _LogProbEntropyFunction: the logits are kept."""
    size, width = logits.count * logits.item, logits.width
    return tape.record((logits.node,), (logits.storage, labels), gives(tape, size, width))


def _of_whole(tape: Tape, logits: Tensor, labels: Storage, batch: int) -> Node | None:
    """Source: trl 0.9 to 0.14, get_batch_logps: the logarithms of all words are kept, and the logits are not."""
    size, width = logits.count * logits.item, logits.width
    logarithms = unary(tape, logits, "out")
    return tape.record((logarithms.node,), (logarithms.storage, labels), gives(tape, size, width))


def _of_rows(tape: Tape, logits: Tensor, labels: Storage, batch: int) -> Node | None:
    """Logits in 16 bits, from 0.15: the logarithms row by row. The rows' gradients are put together at the end."""
    size, width = logits.count * logits.item, logits.width
    logarithms = Storage(tape, size, width)

    def rule(node: Node) -> tuple[Storage | None, ...]:
        tape.moment(3 * size // batch)
        rows = Storage(tape, size, width)
        node.saved = ()
        return _stacked(tape, rows)

    return tape.record((logits.node,), (logarithms, labels), rule)


def _of_sums(tape: Tape, logits: Tensor, labels: Storage, batch: int) -> Node | None:
    """Logits in 32 bits, from 0.15: those of the labels less the logarithm of each row's sum. Both keep the logits,
    until the gradients of the rows have been put together."""
    size, width = logits.count * logits.item, logits.width
    tape.moment(size // batch)
    picked = tape.record((logits.node,), (logits.storage, labels), gives(tape, size, width))
    summed = tape.record((logits.node,), (logits.storage,), lambda node: _stacked(tape, Storage(tape, size, width)))
    return tape.record((picked, summed), (), lambda node: (node.grad, node.grad))


def _stacked(tape: Tape, rows: Storage) -> tuple[Storage | None, ...]:
    return (Storage(tape, rows.size, rows.width),)


def _with_likelihood(tape: Tape, logits: Tensor, scope: Scope) -> Tensor:
    """The loss of ORPO and CPO: the likelihood of the chosen rows, which are the first half, of a copy of their
    logits, and the log-probabilities of all rows. While the copy and its logarithms are there, so are the logits of
    all; until the backward comes to them, the logarithms stay.

    Source: trl 1.16, experimental/orpo/orpo_trainer.py and experimental/cpo/cpo_trainer.py, concatenated_forward
    (cross_entropy_loss, then get_batch_logps); the same in trainer/ from 0.9 to 0.25.
    """
    rows = scope.rows // 2
    (chosen,) = views(tape, logits, logits.count // 2)
    (chosen,) = views(tape, chosen, chosen.count)
    likelihood = cross_entropy(tape, copied(tape, chosen), rows)
    return add(tape, _selected(tape, logits, scope, scope.rows), likelihood)
