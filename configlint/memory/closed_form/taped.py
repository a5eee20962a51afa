"""One model on one tape: its sizes, what is trained of it, and the modules that all its parts are made of.

Source: transformers 5.23, activations.py; PEFT 0.21, tuners/lora/layer.py and bnb.py.
"""

from __future__ import annotations

from configlint.memory.closed_form import liger
from configlint.memory.closed_form.architecture import Architecture
from configlint.memory.closed_form.attention import Scope
from configlint.memory.closed_form.operations import (
    add,
    cast,
    copied,
    dropout,
    layer_norm,
    linear,
    mul,
    power,
    rms_norm,
    scale,
    shift,
    unary,
)
from configlint.memory.closed_form.tape import Tape, Tensor, Weight

# What TRL's peft_module_casting_to_bf16 makes 16 bits again.
_TABLES = ("embedding", "output", "positions")


class Tuning:
    """What is trained: all, or adapters of `rank` with elements of `item` bytes and `dropout` on what goes in.
    Below them a weight has `bits` bits, 0 where it is not quantized; `upcast` says that the others were made
    float32, `narrow_tables` that the vocabulary's tables then got 16 bits again. `saved` are trained whole beside
    the adapters: `embedding`, `output`, or both."""

    def __init__(
        self,
        full: bool,
        rank: int = 0,
        item: int = 4,
        bits: int = 0,
        upcast: bool = False,
        narrow_tables: bool = False,
        dropout: float = 0.0,
        dora: bool = False,
        saved: frozenset[str] = frozenset(),
    ) -> None:
        self.full = full
        self.rank = rank
        self.item = item
        self.bits = bits
        self.upcast = upcast
        self.narrow_tables = narrow_tables
        self.dropout = dropout
        self.dora = dora
        self.saved = saved


class TapedModel:
    """One model on one tape: its sizes, what is trained of it, and the micro-batch. `adapted` names the modules
    that have adapters in this part of it."""

    __slots__ = ("adapted", "scope", "sizes", "tape", "tuning")

    def __init__(
        self,
        tape: Tape,
        sizes: Architecture,
        scope: Scope,
        tuning: Tuning,
        adapted: frozenset[str] = frozenset(),
    ) -> None:
        self.tape = tape
        self.sizes = sizes
        self.scope = scope
        self.tuning = tuning
        self.adapted = adapted

    def weight(self, name: str, count: int, outside: bool = True) -> Weight:
        """The weight of that name, made when first asked for. `outside` says that it is no matrix product of a
        layer: such a one stays as it is when the others are quantized."""
        weights = self.tape.weights
        if name not in weights:
            tuning = self.tuning
            is_wide = outside and tuning.upcast and not (tuning.narrow_tables and name in _TABLES)
            item = 4 if is_wide else self.scope.item
            weights[name] = Weight(name, count, item, self.tuning.full)
            weights[name].bits = 0 if outside else self.tuning.bits
        return weights[name]

    def trained(self, name: str, count: int) -> Weight:
        """A weight that is trained beside adapters too: as a copy, below which the old one stays."""
        weight = self.weight(name, count)
        if self.tuning.full:
            return weight
        copy = self.adapter(f"{name}.saved", count)
        copy.item = weight.item
        return copy

    def table(self, name: str, count: int) -> Weight:
        """The matrix of the embedding or the output layer, which is the embedding's where that is tied."""
        kept = "embedding" if self.sizes.tied else name
        if name not in self.tuning.saved or self.tuning.full:
            return self.weight(kept, count)
        return self.trained(kept, count) if kept == name else self.untied(kept, name, count)

    def untied(self, kept: str, name: str, count: int) -> Weight:
        """A copy that is trained of a tied matrix, for one of its two uses."""
        copy = self.adapter(f"{name}.saved", count)
        copy.item = self.weight(kept, count).item
        return copy

    def adapter(self, name: str, count: int) -> Weight:
        weights = self.tape.weights
        if name not in weights:
            weights[name] = Weight(name, count, self.tuning.item, True)
        return weights[name]


def norm(model: TapedModel, x: Tensor, name: str, wide: int, rows: int) -> Tensor:
    style = model.sizes.norm
    weight = model.weight(name, wide)
    if style in ("layer", "unbiased"):
        bias = model.weight(f"{name}.bias", wide) if style == "layer" else None
        return layer_norm(model.tape, x, weight, bias, rows)
    if model.scope.fused:
        return liger.rms_norm(model.tape, x, weight, rows)
    return rms_norm(model.tape, x, weight, rows, style)


def activate(tape: Tape, x: Tensor, name: str) -> Tensor:
    """An activation function; gelu_new is written out in Python, others are one kernel."""
    if name != "gelu_new":
        return unary(tape, x, "out" if name in ("relu", "tanh", "sigmoid") else "in")
    half = scale(tape, x)
    inner = scale(tape, add(tape, x, scale(tape, power(tape, x))))
    return mul(tape, half, shift(tape, unary(tape, inner, "out")))


def project(
    model: TapedModel, x: Tensor, module: str, into: int, wide: int, width: str, bias: bool = False, place: str = ""
) -> Tensor:
    """A linear module, with its adapter where it has one; `place` tells apart modules of one name."""
    tape, rows = model.tape, model.scope.rows
    name = place + module
    weight = model.weight(name, into * wide, outside=not model.sizes.quantizes)
    weight.side = into
    offset = model.weight(f"{name}.bias", wide) if bias else None
    result = linear(tape, x, weight, rows * wide, width, offset)
    return adapted(model, x, result, weight, name, width) if name in model.adapted else result


def adapted(model: TapedModel, x: Tensor, result: Tensor, weight: Weight, name: str, width: str) -> Tensor:
    """The result of a linear module with that of its adapter added.

    Source: PEFT 0.21, tuners/lora/layer.py, Linear.forward, and bnb.py.
    """
    tape, tuning, rows = model.tape, model.tuning, model.scope.rows
    into, wide = x.count // rows, result.count // rows
    kept = result.item
    if weight.bits == 4:
        result = copied(tape, result)
    if not (weight.bits and tape.autocast):
        x = cast(tape, x, tuning.item)
    down = model.adapter(f"{name}.lora_A", into * tuning.rank)
    up = model.adapter(f"{name}.lora_B", wide * tuning.rank)
    if tuning.dora:
        from configlint.memory.closed_form.dora import dora  # few adapters are

        result = add(tape, result, dora(model, x, result, weight, (down, up), name, width))
        return result if weight.bits and tape.autocast else cast(tape, result, kept)
    inner = linear(tape, dropout(tape, x, tuning.dropout), down, rows * tuning.rank, "rank")
    if weight.bits:
        output = cast(tape, scale(tape, linear(tape, inner, up, rows * wide, width)), kept)
        return add(tape, result, output)
    result = add(tape, result, scale(tape, linear(tape, inner, up, rows * wide, width)))
    return cast(tape, result, kept)


def is_biased(model: TapedModel, which: str) -> bool:
    biased = model.sizes.biased
    return biased == "all" or which in biased
