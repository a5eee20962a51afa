"""The parts of a model as Transformers writes them: embedding, one layer, output layer and loss.

Local names live as long here as they do there, since that is what keeps tensors alive.

Source: transformers 5.23, models/<family>/modeling_<family>.py, activations.py, loss/loss_utils.py; PEFT 0.21,
tuners/lora/layer.py and bnb.py.
"""

from __future__ import annotations

from configlint.solver.memory import liger, trl
from configlint.solver.memory.architecture import Architecture
from configlint.solver.memory.attention import Scope, attend
from configlint.solver.memory.operations import (
    add,
    add_in_place,
    cast,
    cross_entropy,
    dropout,
    embedding,
    gather,
    gives,
    layer_norm,
    linear,
    mul,
    mul_rows,
    power,
    rms_norm,
    scale,
    shift,
    unary,
)
from configlint.solver.memory.tape import Node, Storage, Tape, Tensor, Weight


class Tuning:
    """What is trained: all, or adapters of `rank` in the modules `targets`, with elements of `item` bytes."""

    def __init__(
        self, full: bool, rank: int, targets: tuple[str, ...], item: int, quantized: bool, upcast: bool
    ) -> None:
        self.full = full
        self.rank = rank
        self.targets = targets
        self.item = item
        self.quantized = quantized
        self.upcast = upcast

    def adapts(self, module: str) -> bool:
        return not self.full and (self.targets == ("all-linear",) or module in self.targets)


class Model:
    """One model on one tape: its sizes, what is trained of it, and the micro-batch."""

    __slots__ = ("scope", "sizes", "tape", "tuning")

    def __init__(self, tape: Tape, sizes: Architecture, scope: Scope, tuning: Tuning) -> None:
        self.tape = tape
        self.sizes = sizes
        self.scope = scope
        self.tuning = tuning

    def weight(self, name: str, count: int, outside: bool = True) -> Weight:
        """The weight of that name, made when first asked for. `outside` says that it is no matrix product of a
        layer: such a one stays as it is when the others are quantized."""
        weights = self.tape.weights
        if name not in weights:
            item = 4 if outside and self.tuning.upcast else self.scope.item
            weights[name] = Weight(name, count, item, self.tuning.full)
            weights[name].quantized = self.tuning.quantized and not outside
        return weights[name]

    def adapter(self, name: str, count: int) -> Weight:
        weights = self.tape.weights
        if name not in weights:
            weights[name] = Weight(name, count, self.tuning.item, True)
        return weights[name]


def embed(model: Model) -> Tensor:
    """Tokens to the residual stream."""
    tape, sizes, rows = model.tape, model.sizes, model.scope.rows
    hidden = sizes.hidden
    table = model.weight("embedding", sizes.vocabulary * hidden)
    table.shared = sizes.tied
    x = embedding(tape, table, rows, rows * hidden, "hidden")
    if model.scope.checkpointing and x.node is None and sizes.positions:
        # Checkpointing asks for a gradient of what comes in, even where the table is frozen: it is kept for that.
        x.node = Node(0, (), (x.storage,), lambda node: ())
    if sizes.segments:
        segments = model.weight("segments", sizes.segments * hidden)
        x = add(tape, x, embedding(tape, segments, rows, rows * hidden, "hidden"))
    if sizes.positions:
        positions = model.weight("positions", sizes.positions * hidden)
        x = add(tape, x, embedding(tape, positions, model.scope.length, model.scope.length * hidden, "hidden"))
    if sizes.order == "sum":
        x = norm(model, x, "embedding_norm", hidden, rows)
    if sizes.scaled_embedding:
        x = scale(tape, x)
    return dropout(tape, x, sizes.embedding_dropout)


def layer(model: Model, x: Tensor, number: int) -> Tensor:
    """One layer of the stack; `number` says which, for what is not the same in all."""
    order = model.sizes.order
    if order == "parallel":
        return _parallel(model, x, number)
    if order == "sum":
        return _summed(model, x, number)
    tape, hidden, rows = model.tape, model.sizes.hidden, model.scope.rows
    residual = x
    if order != "post":
        x = norm(model, x, "input_norm", hidden, rows)
    x = attention_block(model, x, number)
    if order != "pre":
        x = norm(model, x, "after_attention_norm", hidden, rows)
    x = add(tape, residual, x)
    residual = x
    if order != "post":
        x = norm(model, x, "feed_forward_norm", hidden, rows)
    x = feed_forward(model, x)
    if order != "pre":
        x = norm(model, x, "after_feed_forward_norm", hidden, rows)
    return add(tape, residual, x)


def _parallel(model: Model, x: Tensor, number: int) -> Tensor:
    """Both blocks read the same input: GPT-NeoX through a norm for each, Falcon through one for both."""
    tape, hidden, rows = model.tape, model.sizes.hidden, model.scope.rows
    if model.sizes.family == "falcon":
        residual, x = x, norm(model, x, "input_norm", hidden, rows)
        attended = attention_block(model, x, number)
        fed = feed_forward(model, x)
        return add(tape, residual, add_in_place(tape, fed, attended))
    attended = attention_block(model, norm(model, x, "input_norm", hidden, rows), number)
    attended = dropout(tape, attended, model.sizes.dropout)
    fed = feed_forward(model, norm(model, x, "feed_forward_norm", hidden, rows))
    fed = dropout(tape, fed, model.sizes.dropout)
    return add(tape, add(tape, fed, attended), x)


def _summed(model: Model, x: Tensor, number: int) -> Tensor:
    """BERT: the norm comes after the sum."""
    tape, hidden, rows = model.tape, model.sizes.hidden, model.scope.rows
    attended = dropout(tape, attention_block(model, x, number), model.sizes.dropout)
    x = norm(model, add(tape, attended, x), "after_attention_norm", hidden, rows)
    del attended
    fed = dropout(tape, feed_forward(model, x), model.sizes.dropout)
    return norm(model, add(tape, fed, x), "after_feed_forward_norm", hidden, rows)


def norm(model: Model, x: Tensor, name: str, wide: int, rows: int) -> Tensor:
    style = model.sizes.norm
    weight = model.weight(name, wide)
    if style == "layer":
        return layer_norm(model.tape, x, weight, model.weight(f"{name}.bias", wide), rows)
    if model.scope.fused:
        return liger.rms_norm(model.tape, x, weight, rows)
    return rms_norm(model.tape, x, weight, rows, style)


def attention_block(model: Model, x: Tensor, number: int) -> Tensor:
    sizes = model.sizes
    q, k, v = _projections(model, x)
    x = _heads(model, q, k, v, number)
    del q, k, v
    names = {"gpt2": "c_proj", "gpt_neox": "dense", "falcon": "dense", "bert": "dense", "roberta": "dense"}
    name = names.get(sizes.family, "o_proj")
    out = project(model, x, name, sizes.query, sizes.hidden, "hidden", _bias(model, "o"), "attention")
    return dropout(model.tape, out, sizes.dropout) if sizes.family == "gpt2" else out


def _projections(model: Model, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values."""
    sizes, tape, rows = model.sizes, model.tape, model.scope.rows
    bert = sizes.family in ("bert", "roberta")
    if sizes.fused:
        name = {"gpt2": "c_attn", "gpt_neox": "query_key_value", "falcon": "query_key_value"}.get(
            sizes.family, "qkv_proj"
        )
        wide = sizes.query + 2 * sizes.key
        whole = project(model, x, name, sizes.hidden, wide, "query + 2 key", _bias(model, "q"))
        return _parts(tape, whole, rows, (sizes.query, sizes.key, sizes.key))
    first, second, third = ("query", "key", "value") if bert else ("q_proj", "k_proj", "v_proj")
    q = project(model, x, first, sizes.hidden, sizes.query, "query", _bias(model, "q"))
    if sizes.query_norm == "head":
        q = norm(model, q, "q_norm", sizes.head, rows * sizes.heads)
    elif sizes.query_norm:
        q = norm(model, q, "q_norm", sizes.query, rows)
    k = project(model, x, second, sizes.hidden, sizes.key, "key", _bias(model, "k"))
    if sizes.query_norm == "head":
        k = norm(model, k, "k_norm", sizes.head, rows * sizes.key_heads)
    elif sizes.query_norm:
        k = norm(model, k, "k_norm", sizes.key, rows)
    return q, k, project(model, x, third, sizes.hidden, sizes.key, "key", _bias(model, "v"))


def _heads(model: Model, q: Tensor, k: Tensor, v: Tensor, number: int) -> Tensor:
    sizes = model.sizes
    if sizes.rotary and number not in sizes.unturned:
        turned = rotate(model, q)
        k = rotate(model, k)
        q = turned
    window = sizes.windows[number] if sizes.windows else 0
    return attend(model.tape, q, k, v, sizes, model.scope, window)


def _parts(tape: Tape, whole: Tensor, rows: int, widths: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Views of one tensor; their gradients are put into one of its size."""
    size, width, item = whole.count * whole.item, whole.width, whole.item
    made = [
        Tensor(whole.storage, rows * wide, item, tape.record((whole.node,), (), gives(tape, size, width)))
        for wide in widths
    ]
    return made[0], made[1], made[2]


def rotate(model: Model, x: Tensor) -> Tensor:
    """Rotary positions: `x * cos + rotate_half(x) * sin`, on a share of each head. Neither product saves x, as
    cosines and sines need no gradient."""
    tape, sizes = model.tape, model.sizes
    if model.scope.fused:
        return liger.rotate(tape, x)
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


def _turned(tape: Tape, x: Tensor, item: int) -> Tensor:
    """A product with cosines or sines, which may be of a wider dtype."""
    out = Storage(tape, x.count * item, x.width)
    size, own, width = x.count * item, x.count * x.item, x.width

    def rule(node: object) -> tuple[Storage | None, ...]:
        made = Storage(tape, size, width)
        return (made if own == size else Storage(tape, own, width),)

    return Tensor(out, x.count, item, tape.record((x.node,), (), rule))


def feed_forward(model: Model, x: Tensor) -> Tensor:
    sizes, tape = model.sizes, model.tape
    hidden, inner = sizes.hidden, sizes.inner
    if sizes.experts:
        return experts(model, x)
    if not sizes.gated:
        return _plain(model, x)
    if sizes.fused:
        both = project(model, x, "gate_up_proj", hidden, 2 * inner, "inner")
        size = both.count * both.item
        halves = [
            Tensor(
                both.storage,
                both.count // 2,
                both.item,
                tape.record((both.node,), (), gives(tape, size, "inner")),
            )
            for _ in range(2)
        ]
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


def _plain(model: Model, x: Tensor) -> Tensor:
    sizes = model.sizes
    wide = ("dense_h_to_4h", "dense_4h_to_h")
    first, second = {"gpt2": ("c_fc", "c_proj"), "gpt_neox": wide, "falcon": wide}.get(
        sizes.family, ("dense", "dense")
    )
    biased = _bias(model, "m")
    x = project(model, x, first, sizes.hidden, sizes.inner, "inner", biased, "first")
    x = activate(model.tape, x, sizes.activation)
    x = project(model, x, second, sizes.inner, sizes.hidden, "hidden", biased, "second")
    return dropout(model.tape, x, sizes.dropout) if sizes.family == "gpt2" else x


def experts(model: Model, x: Tensor) -> Tensor:
    """A mixture: each token goes through some of the experts, whose products are one grouped product.

    Source: transformers 5.23, integrations/moe.py, grouped_mm_experts_forward.
    """
    sizes, tape, rows = model.sizes, model.tape, model.scope.rows
    hidden, inner, pairs = sizes.hidden, sizes.expert_inner, rows * sizes.experts_used
    chosen = _route(model, x)
    order = Storage(tape, pairs * 8)
    given = gather(tape, x, pairs * hidden, order)
    weights = gather(tape, chosen, pairs, order)
    both = linear(
        tape, given, model.weight("gate_up", 2 * inner * hidden * sizes.experts), 2 * pairs * inner, "expert"
    )
    del given
    size = both.count * both.item
    gate, up = (
        Tensor(both.storage, pairs * inner, both.item, tape.record((both.node,), (), gives(tape, size, "expert")))
        for _ in range(2)
    )
    product = mul(tape, activate(tape, gate, sizes.activation), up)
    del both, gate, up
    out = linear(tape, product, model.weight("down", inner * hidden * sizes.experts), pairs * hidden, "hidden")
    del product
    back = Storage(tape, pairs * 8)
    out = gather(tape, mul_rows(tape, out, weights), pairs * hidden, back)
    # The sum over a token's experts; its backward is a view.
    summed = Storage(tape, rows * hidden * out.item, "hidden")
    return Tensor(
        summed, rows * hidden, out.item, tape.record((out.node,), (), gives(tape, out.count * out.item, "hidden"))
    )


def _route(model: Model, x: Tensor) -> Tensor:
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


def activate(tape: Tape, x: Tensor, name: str) -> Tensor:
    """An activation function; gelu_new is written out in Python, others are one kernel."""
    if name != "gelu_new":
        return unary(tape, x, "out" if name in ("relu", "tanh", "sigmoid") else "in")
    half = scale(tape, x)
    inner = scale(tape, add(tape, x, scale(tape, power(tape, x))))
    return mul(tape, half, shift(tape, unary(tape, inner, "out")))


def project(
    model: Model, x: Tensor, module: str, into: int, wide: int, width: str, bias: bool = False, place: str = ""
) -> Tensor:
    """A linear module, with its adapter where it has one; `place` tells apart modules of one name."""
    tape, rows = model.tape, model.scope.rows
    name = place + module
    weight = model.weight(name, into * wide, outside=False)
    offset = model.weight(f"{name}.bias", wide) if bias else None
    if not model.tuning.adapts(module):
        return linear(tape, x, weight, rows * wide, width, offset)
    result = linear(tape, x, weight, rows * wide, width, offset)
    kept = result.item
    if weight.quantized:
        result = _clone(tape, result)
    if not (weight.quantized and tape.autocast):
        x = cast(tape, x, model.tuning.item)
    down = model.adapter(f"{name}.lora_A", into * model.tuning.rank)
    up = model.adapter(f"{name}.lora_B", wide * model.tuning.rank)
    inner = linear(tape, x, down, rows * model.tuning.rank, "rank")
    if weight.quantized:
        output = cast(tape, scale(tape, linear(tape, inner, up, rows * wide, width)), kept)
        return add(tape, result, output)
    result = add(tape, result, scale(tape, linear(tape, inner, up, rows * wide, width)))
    return cast(tape, result, kept)


def _clone(tape: Tape, x: Tensor) -> Tensor:
    out = Storage(tape, x.count * x.item, x.width)
    return Tensor(out, x.count, x.item, tape.record((x.node,), (), lambda node: (node.grad,)))


def head(model: Model, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """The last norm, the output layer and the loss: the loss, and the logits if the caller is given them too."""
    tape, sizes, rows = model.tape, model.sizes, model.scope.rows
    if sizes.order == "sum":
        x = project(model, x, "transform.dense", sizes.hidden, sizes.hidden, "hidden", True)
        x = norm(model, activate(tape, x, sizes.activation), "transform_norm", sizes.hidden, rows)
    else:
        x = norm(model, x, "norm", sizes.hidden, rows)
    tape.spend_on("logits")
    table = model.weight("embedding" if sizes.tied else "output", sizes.vocabulary * sizes.hidden)
    table.shared = sizes.tied
    if model.scope.chunked:
        return trl.log_probabilities(tape, x, table, rows), None
    if model.scope.fused:
        return liger.linear_cross_entropy(tape, x, table, rows, model.scope.ampere), None
    bias = model.weight("output.bias", sizes.vocabulary) if sizes.order == "sum" else None
    logits = linear(tape, x, table, rows * sizes.vocabulary, "vocabulary", bias)
    if sizes.capped_logits:
        logits = scale(tape, unary(tape, scale(tape, logits), "out"))
    masked_model = sizes.order == "sum"
    loss = cross_entropy(tape, logits if masked_model else cast(tape, logits, 4), rows)
    return loss, logits


def _bias(model: Model, which: str) -> bool:
    biased = model.sizes.biased
    return biased == "all" or which in biased
