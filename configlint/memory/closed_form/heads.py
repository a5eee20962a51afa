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
    gives,
    linear,
    scale,
    unary,
    views,
)
from configlint.memory.closed_form.tape import Storage, Tensor
from configlint.memory.closed_form.taped import TapedModel, activate, is_biased, norm, project

# Numbers a token of which each says how likely an answer begins there, and ends there.
_SPAN = 2


def classify(model: TapedModel, x: Tensor) -> Tensor:
    """The last norm, where there is one, the head and the loss."""
    sizes, scope = model.sizes, model.scope
    if sizes.order != "sum":
        x = norm(model, x, "norm", sizes.hidden, scope.rows)
    # ModernBERT's answers come from the head of its masked model.
    headed = sizes.encoder and sizes.order == "pre"
    if headed and scope.task != "sequence-classification":
        x = transform(model, x)
    if scope.task == "question-answering":
        return _span(model, x)
    if scope.task == "token-classification":
        x = dropout(model.tape, x, sizes.head_dropout)
        logits = _dense(model, x, "score", scope.rows, sizes.labels)
        return cross_entropy(model.tape, logits, scope.rows)
    logits = (_of_all if headed else _of_first if sizes.encoder else _of_last)(model, x)
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
    whole = sizes.family not in ("bert", "deberta-v2")
    pooled = unary(tape, _dense(model, first, "pooler", batch, sizes.hidden, whole), "out")
    return _dense(model, dropout(tape, pooled, sizes.head_dropout), "score", batch, sizes.labels)


def _of_all(model: TapedModel, x: Tensor) -> Tensor:
    """ModernBERT's: of the first token or of their mean, through the head."""
    tape, sizes, batch = model.tape, model.sizes, model.scope.batch
    count = batch * sizes.hidden
    if sizes.averaged:
        masked = scale(tape, x)
        node = tape.record((masked.node,), (), gives(tape, count * x.item, "1"))
        x = scale(tape, Tensor(Storage(tape, count * x.item), count, x.item, node))
    else:
        (x,) = views(tape, x, count)
    bias = is_biased(model, "t")
    x = _dense(model, x, "transform.dense", batch, sizes.hidden, whole=False, bias=bias)
    x = norm(model, activate(tape, x, sizes.activation), "transform_norm", sizes.hidden, batch)
    return _dense(model, dropout(tape, x, sizes.head_dropout), "score", batch, sizes.labels)


def transform(model: TapedModel, x: Tensor) -> Tensor:
    """What an encoder's last words go through before the output layer."""
    sizes, rows = model.sizes, model.scope.rows
    x = project(model, x, "transform.dense", sizes.hidden, sizes.hidden, "hidden", is_biased(model, "t"))
    return norm(model, activate(model.tape, x, sizes.activation), "transform_norm", sizes.hidden, rows)


def _dense(
    model: TapedModel, x: Tensor, name: str, rows: int, wide: int, whole: bool = True, bias: bool = True
) -> Tensor:
    """A layer, mostly with a bias; `whole` says that it is trained with adapters in the model, too."""
    made = model.trained if whole else model.weight
    weight = made(name, model.sizes.hidden * wide)
    return linear(model.tape, x, weight, rows * wide, "1", made(f"{name}.bias", wide) if bias else None)
