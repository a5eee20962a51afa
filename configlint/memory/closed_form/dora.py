"""DoRA: the magnitude of each weight is trained apart, for which the norm of weight and adapter is made in each
call.

Source: PEFT 0.21, tuners/lora/dora.py, DoraLinearLayer, and variants.py, DoraLinearVariant.
"""

from __future__ import annotations

from configlint.memory.closed_form.operations import add as plus
from configlint.memory.closed_form.operations import cast, dropout, linear, mul_rows, scale
from configlint.memory.closed_form.tape import Storage, Tensor, Weight
from configlint.memory.closed_form.taped import TapedModel


def dora(
    model: TapedModel, x: Tensor, result: Tensor, weight: Weight, pair: tuple[Weight, Weight], name: str, width: str
) -> Tensor:
    """What is added to the base layer's result."""
    tape, tuning, rows = model.tape, model.tuning, model.scope.rows
    down, up = pair
    into, wide = down.count // tuning.rank, up.count // tuning.rank
    x = dropout(tape, x, tuning.dropout)
    both = _product(model, down, up, into, wide, x.item)
    # The weight in the input's dtype, where it has another; 4 and 8 bits are brought back.
    whole = Storage(tape, weight.count * x.item) if weight.bits or weight.item != x.item else None
    scaled = Storage(tape, weight.count * x.item)
    summed = Storage(tape, weight.count * x.item)
    del scaled, summed
    magnitude = model.adapter(f"{name}.magnitude", wide)
    row = Tensor(Storage(tape, 4 * wide), wide, 4, tape.record((magnitude,), (), lambda node: (node.grad,)))
    lora = linear(tape, linear(tape, x, down, rows * tuning.rank, "rank"), up, rows * wide, width)
    base = _again(model, x, weight, whole, wide, width) if tuning.dropout else result
    del whole
    out = plus(tape, mul_rows(tape, base, row), scale(tape, mul_rows(tape, lora, row)))
    del both
    return out


def _product(model: TapedModel, down: Weight, up: Weight, into: int, wide: int, item: int) -> Tensor:
    """Both adapters' product, by way of all unit vectors; its graph lives as long as it does."""
    tape, rank = model.tape, model.tuning.rank
    unit = Tensor(Storage(tape, into * into * down.item), into * into, down.item)
    inner = linear(tape, unit, down, into * rank, "rank")
    whole = linear(tape, inner, up, into * wide, "1")
    del unit, inner
    return cast(tape, whole, item)


def _again(model: TapedModel, x: Tensor, weight: Weight, whole: Storage | None, wide: int, width: str) -> Tensor:
    """The base layer's result of what is left by the dropout; the weight in the input's dtype is kept for it."""
    tape, rows = model.tape, model.scope.rows
    copy = Weight("", weight.count, x.item, False)
    item = tape.autocast or x.item
    out = linear(tape, x, copy, rows * wide, width)
    if whole is not None and out.node is not None and item == x.item:
        out.node.saved = (*out.node.saved, whole)
    return out
