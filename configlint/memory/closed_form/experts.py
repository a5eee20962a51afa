"""A mixture of experts: the router, and the products of those that each token goes through."""

from __future__ import annotations

from configlint.memory.closed_form.operations import (
    add,
    add_in_place,
    cast,
    embedding,
    gather,
    gives,
    linear,
    mul,
    mul_rows,
    scale,
    shift,
    unary,
    views,
)
from configlint.memory.closed_form.tape import Storage, Tensor
from configlint.memory.closed_form.taped import TapedModel, activate, project


def experts(model: TapedModel, x: Tensor) -> Tensor:
    """A mixture: each token goes through some of the experts, whose products are one grouped product.

    Source: transformers 5.23, integrations/moe.py, grouped_mm_experts_forward.
    """
    sizes, tape, rows = model.sizes, model.tape, model.scope.rows
    hidden, inner, pairs = sizes.hidden, sizes.expert_inner, rows * sizes.experts_used
    chosen = _route(model, x)
    order = Storage(tape, pairs * 8)
    given = gather(tape, x, pairs * hidden, order)
    weights = gather(tape, chosen, pairs, order)
    first = model.weight("gate_up", 2 * inner * hidden * sizes.experts)
    both = linear(tape, given, first, 2 * pairs * inner, "expert")
    del given
    if sizes.expert_biased:
        both = _biased(model, both, "gate_up.bias", 2 * inner)
    gate, up = views(tape, both, pairs * inner, pairs * inner)
    del both
    if sizes.expert_biased:
        product = _clamped(model, gate, up)
    else:
        product = mul(tape, activate(tape, gate, sizes.activation), up)
    del gate, up
    out = linear(tape, product, model.weight("down", inner * hidden * sizes.experts), pairs * hidden, "hidden")
    del product
    if sizes.expert_biased:
        out = _biased(model, out, "down.bias", hidden)
    back = Storage(tape, pairs * 8)
    out = gather(tape, mul_rows(tape, out, weights), pairs * hidden, back)
    # The sum over a token's experts; its backward is a view.
    summed = Storage(tape, rows * hidden * out.item, "hidden")
    node = tape.record((out.node,), (), gives(tape, out.count * out.item, "hidden"))
    return Tensor(summed, rows * hidden, out.item, node)


def _biased(model: TapedModel, x: Tensor, name: str, wide: int) -> Tensor:
    """A bias for each pair of token and expert, added in place."""
    bias = model.weight(name, wide * model.sizes.experts)
    return add_in_place(model.tape, x, embedding(model.tape, bias, 1, x.count, x.width))


def _clamped(model: TapedModel, gate: Tensor, up: Tensor) -> Tensor:
    """Source: transformers 5.24, models/gpt_oss/modeling_gpt_oss.py, GptOssExperts._apply_gate."""
    tape = model.tape
    gate, up = unary(tape, gate, "in"), unary(tape, up, "in")
    gated = mul(tape, gate, unary(tape, scale(tape, gate), "out"))
    return mul(tape, shift(tape, up), gated)


def with_shared(model: TapedModel, x: Tensor) -> Tensor:
    """A mixture beside an expert that each token goes through, as far as a gate of its own lets it.

    Source: transformers 5.23, models/qwen2_moe/modeling_qwen2_moe.py, Qwen2MoeSparseMoeBlock.
    """
    sizes, tape, rows = model.sizes, model.tape, model.scope.rows
    hidden, inner = sizes.hidden, sizes.shared_inner
    gate = activate(
        tape, project(model, x, "gate_proj", hidden, inner, "shared", place="shared_"), sizes.activation
    )
    product = mul(tape, gate, project(model, x, "up_proj", hidden, inner, "shared", place="shared_"))
    del gate
    shared = project(model, product, "down_proj", inner, hidden, "hidden", place="shared_")
    del product
    mixed = experts(model, x)
    let = unary(tape, linear(tape, x, model.weight("shared_gate", hidden), rows, "1"), "out")
    return add(tape, mixed, mul_rows(tape, shared, let))


def _route(model: TapedModel, x: Tensor) -> Tensor:
    """The weights of the experts that each token goes through."""
    sizes, tape, rows = model.sizes, model.tape, model.scope.rows
    router = model.weight("router", sizes.experts * sizes.hidden)
    bias = model.weight("router.bias", sizes.experts) if sizes.expert_biased else None
    scores = linear(tape, x, router, rows * sizes.experts, "experts", bias)
    # The softmax comes after the choice in gpt-oss, and before it elsewhere.
    chances = scores if sizes.expert_biased else unary(tape, cast(tape, scores, 4), "out")
    count = rows * sizes.experts_used
    best, places = Storage(tape, count * chances.item), Storage(tape, count * 8)
    rule = gives(tape, chances.count * chances.item, "experts")
    picked = Tensor(best, count, chances.item, tape.record((chances.node,), (places,), rule))
    return cast(tape, unary(tape, picked, "out"), scores.item)
