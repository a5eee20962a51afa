"""Attention and feed-forward: the two blocks of a layer, as Transformers writes them.

Local names live as long here as they do there, since that is what keeps tensors alive.

Source: transformers 5.23, models/<family>/modeling_<family>.py.
"""

from __future__ import annotations

from configlint.memory.closed_form import liger
from configlint.memory.closed_form.attention import attend
from configlint.memory.closed_form.operations import add, cast, dropout, mul, scale, views
from configlint.memory.closed_form.tape import Storage, Tape, Tensor
from configlint.memory.closed_form.taped import TapedModel, activate, is_biased, norm, project

_BERTS = ("bert", "roberta", "xlm-roberta")


def attention_block(model: TapedModel, x: Tensor, number: int) -> Tensor:
    sizes = model.sizes
    x = _distances(model, x) if sizes.distances else _words(model, x, number)
    names = {"gpt2": "c_proj", **dict.fromkeys(("gpt_neox", "falcon", *_BERTS), "dense"), "distilbert": "out_lin"}
    name = names.get(sizes.family, "o_proj")
    out = project(model, x, name, sizes.query, sizes.hidden, "hidden", is_biased(model, "o"), "attention")
    return dropout(model.tape, out, sizes.dropout) if sizes.family == "gpt2" else out


def _words(model: TapedModel, x: Tensor, number: int) -> Tensor:
    q, k, v = _projections(model, x)
    return _heads(model, q, k, v, number)


def _distances(model: TapedModel, x: Tensor) -> Tensor:
    from configlint.memory.closed_form import disentangled  # few models look at them

    return disentangled.attend(model, x)


def _projections(model: TapedModel, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values."""
    sizes, tape, rows = model.sizes, model.tape, model.scope.rows
    if sizes.fused:
        name = {"gpt2": "c_attn", "gpt_neox": "query_key_value", "falcon": "query_key_value"}.get(
            sizes.family, "qkv_proj"
        )
        wide = sizes.query + 2 * sizes.key
        whole = project(model, x, name, sizes.hidden, wide, "query + 2 key", is_biased(model, "q"))
        q, k, v = views(tape, whole, rows * sizes.query, rows * sizes.key, rows * sizes.key)
        return q, k, v
    names = {**dict.fromkeys(_BERTS, ("query", "key", "value")), "distilbert": ("q_lin", "k_lin", "v_lin")}
    first, second, third = names.get(sizes.family, ("q_proj", "k_proj", "v_proj"))
    q = project(model, x, first, sizes.hidden, sizes.query, "query", is_biased(model, "q"))
    q = q if sizes.turned_first else _normed(model, q, "q_norm", sizes.heads)
    k = project(model, x, second, sizes.hidden, sizes.key, "key", is_biased(model, "k"))
    k = k if sizes.turned_first else _normed(model, k, "k_norm", sizes.key_heads)
    return q, k, project(model, x, third, sizes.hidden, sizes.key, "key", is_biased(model, "v"))


def _normed(model: TapedModel, x: Tensor, name: str, heads: int) -> Tensor:
    """Queries or keys through a norm of their own, of each head or of the whole row."""
    sizes, rows = model.sizes, model.scope.rows
    if sizes.query_norm == "head":
        return norm(model, x, name, sizes.head, rows * heads)
    return norm(model, x, name, heads * sizes.head, rows) if sizes.query_norm else x


def _heads(model: TapedModel, q: Tensor, k: Tensor, v: Tensor, number: int) -> Tensor:
    sizes = model.sizes
    if sizes.rotary and number not in sizes.unturned:
        turned = rotate(model, q)
        k = rotate(model, k)
        q = scale(model.tape, turned) if sizes.scaled_query else turned
        del turned
    if sizes.turned_first:
        q = _normed(model, q, "q_norm", sizes.heads)
        k = _normed(model, k, "k_norm", sizes.key_heads)
    window = sizes.windows[number] if sizes.windows else 0
    sinks = model.weight("sinks", sizes.heads) if sizes.sinks else None
    return attend(model.tape, q, k, v, sizes, model.scope, window, sinks)


def rotate(model: TapedModel, x: Tensor) -> Tensor:
    """Rotary positions: `x * cos + rotate_half(x) * sin`, on a share of each head. Neither product saves x, as
    cosines and sines need no gradient."""
    tape, sizes = model.tape, model.sizes
    if model.scope.fused:
        return liger.rotate(tape, x)
    if sizes.turned_halves:
        return _by_halves(tape, x)
    if sizes.turned_wide:
        own, x = x.item, cast(tape, x, 4)
        return cast(tape, add(tape, _turned(tape, x, 4), _turned(tape, x, 4)), own)
    # Sines and cosines are of the residual stream's dtype.
    count, item, width = int(x.count * sizes.rotary), max(x.item, model.scope.item), x.width
    whole = Tensor(x.storage, count, x.item, x.node)
    straight = _turned(tape, whole, item)
    half = Storage(tape, count // 2 * x.item, width)
    turned = Storage(tape, count * x.item, width)
    del half
    parts = (count // 2 * x.item, count * x.item)

    def rule(node: object) -> tuple[Storage | None, ...]:
        half = Storage(tape, parts[0], width)
        padded = Storage(tape, parts[1], width)
        del half
        other = Storage(tape, parts[1], width)
        del other
        return (padded,)

    crossed = Tensor(turned, count, x.item, tape.record((x.node,), (), rule))
    del turned
    crossed = _turned(tape, crossed, item)
    out = add(tape, straight, crossed)
    if not sizes.joined:
        return out
    joined = Storage(tape, x.count * item, width)
    del straight, crossed
    return Tensor(joined, x.count, item, tape.record((out.node, x.node), (), lambda node: (node.grad, None)))


def _by_halves(tape: Tape, x: Tensor) -> Tensor:
    """Each half of a head made of both, then put together."""
    first, second = views(tape, x, x.count // 2, x.count // 2)
    left = add(tape, _turned(tape, first, x.item), _turned(tape, second, x.item))
    right = add(tape, _turned(tape, second, x.item), _turned(tape, first, x.item))
    out = Storage(tape, x.count * x.item, x.width)
    node = tape.record((left.node, right.node), (), lambda node: (node.grad, node.grad))
    return Tensor(out, x.count, x.item, node)


def _turned(tape: Tape, x: Tensor, item: int) -> Tensor:
    """A product with cosines or sines, which may be of a wider dtype."""
    out = Storage(tape, x.count * item, x.width)
    size, own, width = x.count * item, x.count * x.item, x.width

    def rule(node: object) -> tuple[Storage | None, ...]:
        made = Storage(tape, size, width)
        return (made if own == size else Storage(tape, own, width),)

    return Tensor(out, x.count, item, tape.record((x.node,), (), rule))


def feed_forward(model: TapedModel, x: Tensor) -> Tensor:
    sizes, tape = model.sizes, model.tape
    hidden, inner = sizes.hidden, sizes.inner
    if sizes.experts:
        from configlint.memory.closed_form.experts import experts, with_shared  # few models have any

        return with_shared(model, x) if sizes.shared_inner else experts(model, x)
    if not sizes.gated:
        return _plain(model, x)
    if sizes.fused or sizes.fused_gate:
        both = project(model, x, "gate_up_proj", hidden, 2 * inner, "inner")
        halves = views(tape, both, both.count // 2, both.count // 2)
        product = mul(tape, halves[1], activate(tape, halves[0], sizes.activation))
        del halves
        return project(model, product, "down_proj", inner, hidden, "hidden")
    gate = project(model, x, "gate_proj", hidden, inner, "inner")
    if model.scope.fused:
        product = liger.silu_mul(tape, gate, project(model, x, "up_proj", hidden, inner, "inner"))
    else:
        gate = activate(tape, gate, sizes.activation)
        product = mul(tape, gate, project(model, x, "up_proj", hidden, inner, "inner"))
    del gate
    return project(model, product, "down_proj", inner, hidden, "hidden")


def _plain(model: TapedModel, x: Tensor) -> Tensor:
    sizes = model.sizes
    wide = ("dense_h_to_4h", "dense_4h_to_h")
    names = {"gpt2": ("c_fc", "c_proj"), "gpt_neox": wide, "falcon": wide, "distilbert": ("lin1", "lin2")}
    first, second = names.get(sizes.family, ("dense", "dense"))
    biased = is_biased(model, "m")
    x = project(model, x, first, sizes.hidden, sizes.inner, "inner", biased, "first")
    x = activate(model.tape, x, sizes.activation)
    x = project(model, x, second, sizes.inner, sizes.hidden, "hidden", biased, "second")
    return dropout(model.tape, x, sizes.dropout) if sizes.family == "gpt2" else x
