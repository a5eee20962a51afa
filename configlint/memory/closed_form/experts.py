"""A mixture of experts: the router, and the products of those that each token goes through."""

from __future__ import annotations

from configlint.memory.closed_form.operations import add, cast, gather, gives, linear, mul, mul_rows, unary, views
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
    gate, up = views(tape, both, pairs * inner, pairs * inner)
    product = mul(tape, activate(tape, gate, sizes.activation), up)
    del both, gate, up
    out = linear(tape, product, model.weight("down", inner * hidden * sizes.experts), pairs * hidden, "hidden")
    del product
    back = Storage(tape, pairs * 8)
    out = gather(tape, mul_rows(tape, out, weights), pairs * hidden, back)
    # The sum over a token's experts; its backward is a view.
    summed = Storage(tape, rows * hidden * out.item, "hidden")
    node = tape.record((out.node,), (), gives(tape, out.count * out.item, "hidden"))
    return Tensor(summed, rows * hidden, out.item, node)


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
    scores = linear(tape, x, router, rows * sizes.experts, "experts")
    chances = unary(tape, cast(tape, scores, 4), "out")
    count = rows * sizes.experts_used
    best, places = Storage(tape, count * 4), Storage(tape, count * 8)
    rule = gives(tape, chances.count * 4, "experts")
    picked = Tensor(best, count, 4, tape.record((chances.node,), (places,), rule))
    return cast(tape, unary(tape, picked, "out"), scores.item)
