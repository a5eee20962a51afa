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


class TapedModel:
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

    def trained(self, name: str, count: int) -> Weight:
        """A weight that is trained beside adapters too."""
        return self.weight(name, count) if self.tuning.full else self.adapter(name, count)

    def adapter(self, name: str, count: int) -> Weight:
        weights = self.tape.weights
        if name not in weights:
            weights[name] = Weight(name, count, self.tuning.item, True)
        return weights[name]


def norm(model: TapedModel, x: Tensor, name: str, wide: int, rows: int) -> Tensor:
    style = model.sizes.norm
    weight = model.weight(name, wide)
    if style == "layer":
        return layer_norm(model.tape, x, weight, model.weight(f"{name}.bias", wide), rows)
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
    weight = model.weight(name, into * wide, outside=False)
    weight.side = into
    offset = model.weight(f"{name}.bias", wide) if bias else None
    result = linear(tape, x, weight, rows * wide, width, offset)
    if not model.tuning.adapts(module):
        return result
    kept = result.item
    if weight.quantized:
        result = copied(tape, result)
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


def is_biased(model: TapedModel, which: str) -> bool:
    biased = model.sizes.biased
    return biased == "all" or which in biased
