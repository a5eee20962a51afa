"""A model from end to end as Transformers writes it: embedding, one layer, output layer and loss.

Local names live as long here as they do there, since that is what keeps tensors alive.

Source: transformers 5.23, models/<family>/modeling_<family>.py, loss/loss_utils.py.
"""

from __future__ import annotations

from configlint.core.plan import CLASSIFYING
from configlint.memory.closed_form import liger, trl
from configlint.memory.closed_form.blocks import attention_block, feed_forward
from configlint.memory.closed_form.heads import classify, transform
from configlint.memory.closed_form.operations import (
    add,
    add_in_place,
    cast,
    copied,
    cross_entropy,
    dropout,
    embedding,
    linear,
    scale,
    unary,
    views,
)
from configlint.memory.closed_form.tape import Node, Tensor, Weight
from configlint.memory.closed_form.taped import TapedModel, adapted, is_biased, norm


def embed(model: TapedModel) -> Tensor:
    """Tokens to the residual stream."""
    tape, sizes, rows = model.tape, model.sizes, model.scope.rows
    hidden = sizes.hidden
    table = model.table("embedding", sizes.vocabulary * hidden)
    table.shared = sizes.tied and model.tuning.full
    x = embedding(tape, table, rows, rows * hidden, "hidden", table.shared and not _casts_table(model, table))
    if "embedding" in model.adapted:
        x = _adapted_embedding(model, x)
    if model.scope.checkpointing and x.node is None and (sizes.positions or sizes.encoder):
        # Checkpointing asks for a gradient of what comes in, even where the table is frozen: it is kept for that.
        x.node = Node(0, (), (x.storage,), lambda node: ())
    if sizes.segments:
        segments = model.weight("segments", sizes.segments * hidden)
        x = add(tape, x, embedding(tape, segments, rows, rows * hidden, "hidden"))
    if sizes.positions:
        positions = model.weight("positions", sizes.positions * hidden)
        x = add(tape, x, embedding(tape, positions, model.scope.length, model.scope.length * hidden, "hidden"))
    if sizes.encoder:
        x = norm(model, x, "embedding_norm", hidden, rows)
    if sizes.distances:
        from configlint.memory.closed_form.disentangled import distances  # few models look at them

        distances(model)
        x = scale(tape, x)  # by the mask
    if sizes.scaled_embedding:
        x = scale(tape, x)
    return dropout(tape, x, sizes.embedding_dropout)


def _adapted_embedding(model: TapedModel, x: Tensor) -> Tensor:
    """Source: PEFT 0.21, tuners/lora/layer.py, Embedding.forward."""
    tape, sizes, rows, rank = model.tape, model.sizes, model.scope.rows, model.tuning.rank
    down = model.adapter("embedding.lora_A", sizes.vocabulary * rank)
    up = model.adapter("embedding.lora_B", sizes.hidden * rank)
    inner = embedding(tape, down, rows, rows * rank, "rank")
    added = scale(tape, linear(tape, inner, up, rows * sizes.hidden, "hidden"))
    return cast(tape, add(tape, x, added), x.item)


def _casts_table(model: TapedModel, table: Weight) -> bool:
    """Whether the output layer's gradient of the table comes through a cast, or from a loss that makes it whole;
    else it is the product's, transposed, which is a view."""
    autocast = model.tape.autocast
    return model.scope.fused or model.scope.chunked or (bool(autocast) and autocast != table.item)


def layer(model: TapedModel, x: Tensor, number: int) -> Tensor:
    """One layer of the stack; `number` says which, for what is not the same in all."""
    order = model.sizes.order
    if order == "parallel":
        return _parallel(model, x, number)
    if order == "sum":
        return _summed(model, x, number)
    tape, hidden, rows = model.tape, model.sizes.hidden, model.scope.rows
    residual = x
    if order != "post" and not (model.sizes.bare_start and number == 0):
        x = norm(model, x, "input_norm", hidden, rows)
    x = attention_block(model, x, number)
    if order != "pre":
        x = norm(model, x, "after_attention_norm", hidden, rows)
    x = add(tape, residual, scale(tape, x) if model.sizes.scaled_residual else x)
    residual = x
    if order != "post":
        x = norm(model, x, "feed_forward_norm", hidden, rows)
    x = feed_forward(model, x)
    if order != "pre":
        x = norm(model, x, "after_feed_forward_norm", hidden, rows)
    return add(tape, residual, scale(tape, x) if model.sizes.scaled_residual else x)


def _parallel(model: TapedModel, x: Tensor, number: int) -> Tensor:
    """Both blocks read the same input: GPT-NeoX through a norm for each, Falcon and Cohere through one for both."""
    tape, hidden, rows = model.tape, model.sizes.hidden, model.scope.rows
    if model.sizes.family != "gpt_neox":
        residual, x = x, norm(model, x, "input_norm", hidden, rows)
        attended = attention_block(model, x, number)
        fed = feed_forward(model, x)
        if model.sizes.family == "falcon":
            return add(tape, residual, add_in_place(tape, fed, attended))
        return add(tape, add(tape, residual, attended), fed)
    attended = attention_block(model, norm(model, x, "input_norm", hidden, rows), number)
    attended = dropout(tape, attended, model.sizes.dropout)
    fed = feed_forward(model, norm(model, x, "feed_forward_norm", hidden, rows))
    fed = dropout(tape, fed, model.sizes.dropout)
    return add(tape, add(tape, fed, attended), x)


def _summed(model: TapedModel, x: Tensor, number: int) -> Tensor:
    """BERT: the norm comes after the sum."""
    tape, hidden, rows = model.tape, model.sizes.hidden, model.scope.rows
    attended = attention_block(model, x, number)
    if model.sizes.family != "distilbert":
        attended = dropout(tape, attended, model.sizes.dropout)
    x = norm(model, add(tape, attended, x), "after_attention_norm", hidden, rows)
    del attended
    fed = dropout(tape, feed_forward(model, x), model.sizes.dropout)
    return norm(model, add(tape, fed, x), "after_feed_forward_norm", hidden, rows)


def head(model: TapedModel, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """The last norm, the output layer and the loss: the loss, and the logits if the caller is given them too."""
    if model.scope.task in CLASSIFYING:
        return classify(model, x), None
    tape, sizes, rows = model.tape, model.sizes, model.scope.rows
    if sizes.order != "sum":
        x = norm(model, x, "norm", sizes.hidden, rows)
    if sizes.encoder:
        x = transform(model, x)
    tape.spend_on("logits")
    table = model.table("output", sizes.vocabulary * sizes.hidden)
    table.shared = sizes.tied and model.tuning.full
    table.side = 0 if sizes.tied else sizes.hidden
    scored = x  # the whole is a name of the caller's until the end
    if model.scope.scores and (model.scope.chunked or model.scope.scored < rows):
        scored, rows = trl.of_scored(tape, x, rows, model.scope.scored), model.scope.scored
    if model.scope.chunked:
        return trl.log_probabilities(tape, scored, table, rows), None
    if model.scope.fused:
        return liger.linear_cross_entropy(tape, x, table, rows, model.scope.ampere), None
    logits = _logits(model, scored, table, rows)
    if model.scope.scores:
        logits = cast(tape, logits, 4) if tape.autocast else logits
        return trl.of_logits(tape, logits, model.scope, rows), logits
    return _of_words(model, logits, rows), logits


def _logits(model: TapedModel, x: Tensor, table: Weight, rows: int) -> Tensor:
    tape, sizes = model.tape, model.sizes
    biased = sizes.encoder and is_biased(model, "d")
    bias = model.weight("output.bias", sizes.vocabulary) if biased else None
    logits = linear(tape, x, table, rows * sizes.vocabulary, "vocabulary", bias)
    if "output" in model.adapted:
        logits = adapted(model, x, logits, table, "output", "vocabulary")
    if sizes.scaled_logits:
        logits = scale(tape, logits)
    return scale(tape, unary(tape, scale(tape, logits), "out")) if sizes.capped_logits else logits


def _of_words(model: TapedModel, logits: Tensor, rows: int) -> Tensor:
    """The loss of masked tokens, or of next ones: before 4.49, a copy of all logits but the last of a row is made.

    Source: transformers 4.30 to 4.48, modeling_<family>.py, forward, and loss/loss_utils.py, ForCausalLMLoss.
    """
    if model.sizes.order == "sum":
        return cross_entropy(model.tape, logits, rows)
    logits = cast(model.tape, logits, 4)
    if not model.scope.shifts:
        return cross_entropy(model.tape, logits, rows)
    (most,) = views(model.tape, logits, logits.count)
    return cross_entropy(model.tape, copied(model.tape, most), rows)
