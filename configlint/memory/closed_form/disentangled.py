"""DeBERTa's attention: beside the scores of words those of their distances, by words and by places.

Local names live as long here as they do there, since that is what keeps tensors alive.

Source: transformers 5.24, models/deberta_v2/modeling_deberta_v2.py, DisentangledSelfAttention.
"""

from __future__ import annotations

from copy import copy

from configlint.memory.closed_form.attention import Scope, product
from configlint.memory.closed_form.operations import (
    add,
    add_in_place,
    cast,
    copied,
    dropout,
    embedding,
    gives,
    layer_norm,
    scale,
    shift,
    unary,
)
from configlint.memory.closed_form.tape import Node, Storage, Tape, Tensor
from configlint.memory.closed_form.taped import TapedModel, project


def distances(model: TapedModel) -> Tensor:
    """The table of distances through its norm, which all layers read."""
    sizes, tape = model.sizes, model.tape
    count = sizes.distances * sizes.hidden
    table = embedding(tape, model.weight("distances", count), 1, count, "1")
    weight, bias = model.weight("distances_norm", sizes.hidden), model.weight("distances_norm.bias", sizes.hidden)
    return layer_norm(tape, table, weight, bias, sizes.distances)


def attend(model: TapedModel, x: Tensor) -> Tensor:
    sizes, tape, scope = model.sizes, model.tape, model.scope
    # With checkpointing they live as long as the step, else as long as the forward.
    masks = None if scope.checkpointing else Storage(tape, mask_bytes(scope))
    q, k, v = (_of_heads(model, x, name) for name in ("q_proj", "k_proj", "v_proj"))
    pairs = scope.batch * scope.length * scope.length * sizes.heads
    scores = _product(tape, q, scale(tape, k), pairs, "heads x length")
    bias = _bias(model, q, k, pairs)
    scores = add(tape, scores, bias)
    kept = Storage(tape, scope.batch * scope.length**2)
    node = tape.record((scores.node,), (kept,), gives(tape, pairs * scores.item, "heads x length"))
    scores = Tensor(Storage(tape, pairs * scores.item, "heads x length"), pairs, scores.item, node)
    chances = unary(tape, cast(tape, scores, 4) if tape.autocast else scores, "out")
    chances = dropout(tape, chances, sizes.attention_dropout)
    out = copied(tape, _product(tape, chances, v, q.count, "query"))
    del masks
    return out


def mask_bytes(scope: Scope) -> int:
    """The distances of all words, and a mask of the dtype in which it is given, or made."""
    return 8 * scope.length**2 + scope.batch * scope.length**2 * (8 if scope.padded else 4)


def _product(tape: Tape, a: Tensor, b: Tensor, count: int, width: str) -> Tensor:
    if tape.autocast:
        a, b = cast(tape, a, tape.autocast), cast(tape, b, tape.autocast)
    return product(tape, a, b, count, width)


def _bias(model: TapedModel, q: Tensor, k: Tensor, pairs: int) -> Tensor:
    sizes, tape, scope = model.sizes, model.tape, model.scope
    count = sizes.distances * sizes.hidden
    # The gradient that the table waits for is counted with what lives as long as the step.
    node = Node(0, (), (), lambda node: ()) if model.tuning.full else None
    item = 4 if tape.autocast else scope.item
    table = Tensor(Storage(tape, 0), count, item, node)
    table = dropout(tape, table, sizes.dropout)
    narrow = copy(scope)
    narrow.rows = sizes.distances
    places = TapedModel(tape, sizes, narrow, model.tuning, model.adapted)
    by_query, by_key = (_repeated(model, _of_heads(places, table, name)) for name in ("q_proj", "k_proj"))
    score = shift(tape, scale(tape, _picked(model, q, by_key, pairs)))
    return add_in_place(tape, score, scale(tape, _picked(model, k, by_query, pairs)))


def _of_heads(model: TapedModel, x: Tensor, name: str) -> Tensor:
    sizes = model.sizes
    return copied(model.tape, project(model, x, name, sizes.hidden, sizes.query, "query", True))


def _repeated(model: TapedModel, x: Tensor) -> Tensor:
    """The same for each sample."""
    tape, size, wide = model.tape, x.count * x.item, x.count * model.scope.batch * x.item

    def rule(node: Node) -> tuple[Storage | None, ...]:
        tape.moment(wide)  # turned around, then summed up
        return (Storage(tape, size, "1"),)

    node = tape.record((x.node,), (), rule)
    return Tensor(Storage(tape, wide, "1"), wide // x.item, x.item, node)


def _picked(model: TapedModel, x: Tensor, places: Tensor, pairs: int) -> Tensor:
    """The scores of all distances, and of them those between the words."""
    tape, scope = model.tape, model.scope
    width = "distances"
    every = _product(tape, x, places, scope.rows * model.sizes.heads * model.sizes.distances, width)
    index = Storage(tape, 8 * scope.length**2)
    node = tape.record((every.node,), (every.storage, index), gives(tape, every.count * every.item, width))
    return Tensor(Storage(tape, pairs * every.item, "heads x length"), pairs, every.item, node)
