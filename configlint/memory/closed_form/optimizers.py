"""What an optimizer keeps for each parameter, and what it takes while it steps."""

from __future__ import annotations

from configlint.knowledge.optimizers import StateMemory, find_optimizer
from configlint.memory.closed_form.tape import Weight

# bitsandbytes keeps small parameters in 32 bits. Source: bitsandbytes 0.50, optim/optimizer.py, min_8bit_size; and
# blocks of that many elements, with a 32-bit scale each.
_SMALLEST_8BIT = 4096
_BLOCK = 256


def optimizer(name: str) -> StateMemory | None:
    """What is known of an optimizer's memory by the Trainer's name; None of others."""
    found = find_optimizer(name)
    return found.memory if found else None


def state_bytes(kind: StateMemory, count: int, item: int) -> int:
    """What is kept for one parameter."""
    if kind.bits == 8 and count >= _SMALLEST_8BIT:
        return kind.states * (count + 4 * -(-count // _BLOCK))
    return kind.states * count * (4 if kind.bits else item)


def step_bytes(kind: StateMemory, weights: list[tuple[Weight, int]]) -> int:
    """What a step takes for a while; the weights with how often each is there."""
    if kind.foreach:
        return kind.foreach * sum(weight.count * weight.item * times for weight, times in weights)
    return kind.largest * max((weight.count for weight, _ in weights), default=0)
