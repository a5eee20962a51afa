"""What stands on a model that classifies, in place of the output layer: a few numbers a sample or a token.

Source: transformers 5.23, modeling_layers.py (GenericFor...), models/bert/modeling_bert.py,
models/roberta/modeling_roberta.py, loss/loss_utils.py.
"""

from __future__ import annotations

from configlint.memory.closed_form.operations import (
    add,
    copied,
    cross_entropy,
    dropout,
    gather,
    linear,
    scale,
    unary,
    views,
)
from configlint.memory.closed_form.tape import Storage, Tensor
from configlint.memory.closed_form.taped import TapedModel, norm

CLASSIFYING = ("sequence-classification", "token-classification", "question-answering")
# Numbers a token of which each says how likely an answer begins there, and ends there.
_SPAN = 2


def classify(model: TapedModel, x: Tensor) -> Tensor:
    """The last norm, where there is one, the head and the loss."""
    sizes, scope = model.sizes, model.scope
    if sizes.order != "sum":
        x = norm(model, x, "norm", sizes.hidden, scope.rows)
    if scope.task == "question-answering":
        return _span(model, x)
    if scope.task == "token-classification":
        x = dropout(model.tape, x, sizes.head_dropout)
        logits = _dense(model, x, "score", scope.rows, sizes.labels)
        return cross_entropy(model.tape, logits, scope.rows)
    logits = _of_first(model, x) if sizes.order == "sum" else _of_last(model, x)
    return cross_entropy(model.tape, logits, scope.batch)


def _span(model: TapedModel, x: Tensor) -> Tensor:
    tape, scope = model.tape, model.scope
    both = _dense(model, x, "qa_outputs", scope.rows, _SPAN)
    start, end = (copied(tape, part) for part in views(tape, both, scope.rows, scope.rows))
    losses = cross_entropy(tape, start, scope.batch), cross_entropy(tape, end, scope.batch)
    return scale(tape, add(tape, *losses))


def _of_last(model: TapedModel, x: Tensor) -> Tensor:
    """A decoder's: of all tokens, and the last one's are picked."""
    tape, labels, batch = model.tape, model.sizes.labels, model.scope.batch
    weight = model.trained("score", model.sizes.hidden * labels)
    logits = linear(tape, x, weight, model.scope.rows * labels, "1")
    return gather(tape, logits, batch * labels, Storage(tape, batch * 8))


def _of_first(model: TapedModel, x: Tensor) -> Tensor:
    """An encoder's: of the first token, through a layer of its own."""
    tape, sizes, batch = model.tape, model.sizes, model.scope.batch
    (first,) = views(tape, x, batch * sizes.hidden)
    # BERT's is a part of the model, and RoBERTa's of the head.
    whole = sizes.family != "bert"
    pooled = unary(tape, _dense(model, first, "pooler", batch, sizes.hidden, whole), "out")
    return _dense(model, dropout(tape, pooled, sizes.head_dropout), "score", batch, sizes.labels)


def _dense(model: TapedModel, x: Tensor, name: str, rows: int, wide: int, whole: bool = True) -> Tensor:
    """A layer with a bias; `whole` says that it is trained with adapters in the model, too."""
    made = model.trained if whole else model.weight
    weight = made(name, model.sizes.hidden * wide)
    return linear(model.tape, x, weight, rows * wide, "1", made(f"{name}.bias", wide))
