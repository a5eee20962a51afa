"""What an optimizer keeps for each parameter, and what it takes while it steps."""

from __future__ import annotations

from typing import NamedTuple

from configlint.memory.closed_form.tape import Weight

# bitsandbytes keeps small parameters in 32 bits. Source: bitsandbytes 0.50, optim/optimizer.py, min_8bit_size; and
# blocks of that many elements, with a 32-bit scale each.
_SMALLEST_8BIT = 4096
_BLOCK = 256


class Optimizer(NamedTuple):
    """`states` counts the tensors that are kept for a parameter, each in the parameter's own dtype, in 8 bits
    (`bits8`) or in 32 (`wide`). A step takes `foreach` further tensors of every parameter's size at once, and
    `largest` bytes an element of the largest parameter."""

    states: int = 2
    bits8: bool = False
    wide: bool = False
    foreach: int = 0
    largest: int = 0


# By the Trainer's names. Source: transformers 5.23, trainer_optimizer.py and optimization.py; torch 2.13, optim/.
_OPTIMIZERS = {
    "adamw_torch": Optimizer(foreach=1),
    "adamw_torch_fused": Optimizer(),
    "adafactor": Optimizer(states=0, largest=16),
    "sgd": Optimizer(states=0),
    "rmsprop": Optimizer(states=1, foreach=1),
    "adagrad": Optimizer(states=1, foreach=2),
    "adamw_8bit": Optimizer(bits8=True),
    "adamw_bnb_8bit": Optimizer(bits8=True),
    "lion_8bit": Optimizer(states=1, bits8=True),
    "lion_32bit": Optimizer(states=1, wide=True),
    "rmsprop_bnb": Optimizer(states=1, wide=True),
    "rmsprop_bnb_8bit": Optimizer(states=1, bits8=True),
    "rmsprop_bnb_32bit": Optimizer(states=1, wide=True),
    # Paged states are in managed memory: not the allocator's, and moved to the host when the device is full.
    "paged_adamw": Optimizer(states=0),
    "paged_adamw_32bit": Optimizer(states=0),
    "paged_adamw_8bit": Optimizer(states=0),
    "paged_lion": Optimizer(states=0),
    "paged_lion_32bit": Optimizer(states=0),
    "paged_lion_8bit": Optimizer(states=0),
}


def optimizer(name: str) -> Optimizer | None:
    """What is known of an optimizer by the Trainer's name; None of others."""
    return _OPTIMIZERS.get(name)


def state_bytes(kind: Optimizer, count: int, item: int) -> int:
    """What is kept for one parameter."""
    if kind.bits8 and count >= _SMALLEST_8BIT:
        return kind.states * (count + 4 * -(-count // _BLOCK))
    return kind.states * count * (4 if kind.bits8 or kind.wide else item)


def step_bytes(kind: Optimizer, weights: list[tuple[Weight, int]]) -> int:
    """What a step takes for a while; the weights with how often each is there."""
    if kind.foreach:
        return kind.foreach * sum(weight.count * weight.item * times for weight, times in weights)
    return kind.largest * max((weight.count for weight, _ in weights), default=0)
