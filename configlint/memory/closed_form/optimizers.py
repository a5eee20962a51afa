"""What an optimizer keeps for each parameter, and what it takes while it steps."""

from __future__ import annotations

import re

from configlint.core.record import NamedTuple
from configlint.core.workload import OF_DEEPSPEED, Workload
from configlint.knowledge.optimizers import find_deepspeed_memory, find_optimizer
from configlint.memory.closed_form.tape import Weight

# bitsandbytes and torchao keep small parameters as they are. Source: bitsandbytes 0.50, optim/optimizer.py,
# min_8bit_size; torchao, optim/adam.py, _new_buffer; and blocks of that many elements, with a 32-bit scale each.
_SMALLEST_QUANTIZED = 4096
_BLOCK = 256
# What a projection is made of: the gradient in 32 bits, and the factors of its singular value decomposition.
# Source: galore_torch 1.0, galore_projector.py, get_orthogonal_matrix.
_DECOMPOSED = 16
# Modules of attention, by whose paths low-rank optimizers find them.
_ATTENTION = frozenset(("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj"))
_FEED_FORWARD = frozenset(("gate_proj", "up_proj", "down_proj", "gate_up_proj"))


class Kept(NamedTuple):
    """An optimizer's memory, as optimizers.yaml describes it, with what `optim_args` make of it; `targets` are the
    modules whose states have a low rank. `in_backward` says that no gradient outlives its parameter's update."""

    states: int
    bits: int | None = None
    foreach: int = 0
    largest: int = 0
    rank: int = 0
    targets: tuple[str, ...] = ()
    decomposes: bool = False
    compensated: bool = False
    outside: int | None = None
    in_backward: bool = False


def optimizer(workload: Workload) -> Kept | None:
    """What is known of the memory of a workload's optimizer; None of others."""
    if workload.optimizer.startswith(OF_DEEPSPEED):
        own = find_deepspeed_memory(workload.optimizer.removeprefix(OF_DEEPSPEED))
        return Kept(own.states, outside=own.outside) if own else None
    found = find_optimizer(workload.optimizer)
    if found is None or found.memory is None:
        return None
    memory, given = found.memory, _parsed(workload.optimizer_arguments)
    if given is None or given.keys() & {*memory.unsettled}:
        return None
    if memory.low_rank and not workload.optimizer_targets:
        return None
    return Kept(
        memory.states + sum(_is_on(given.get(name)) for name in memory.further),
        memory.bits,
        memory.foreach,
        memory.largest,
        int(given.get("rank", memory.low_rank)) if memory.low_rank else 0,
        workload.optimizer_targets,
        memory.decomposes,
        memory.compensated,
        in_backward=found.in_backward,
    )


def _parsed(arguments: str) -> dict[str, str] | None:
    """`name=value` by commas; None where the Trainer could not read it.

    Source: transformers 5.23, trainer_optimizer.py, _parse_optim_args.
    """
    given = {}
    for part in arguments.replace(" ", "").split(",") if arguments else ():
        name, equals, value = part.partition("=")
        if not equals or (name == "rank" and not value.isdecimal()):
            return None
        given[name] = value
    return given


def _is_on(value: str | None) -> bool:
    return value not in (None, "0", "0.0", "False", "false", "no")


def state_bytes(kind: Kept, weight: Weight, item: int) -> int:
    """What is kept for one parameter that the optimizer has in elements of `item` bytes."""
    count, kept = weight.count, 0
    if _is_projected(kind, weight):
        short, long = sorted((weight.side, weight.count // weight.side))
        rank, wide = min(kind.rank, short), 4 if kind.bits == 32 else item
        count, kept = long * rank, short * (short if kind.decomposes and wide == 4 else rank) * wide
    if kind.bits in (4, 8) and count >= _SMALLEST_QUANTIZED:
        return kept + kind.states * (count * kind.bits // 8 + 4 * -(-count // _BLOCK))
    is_outside = kind.outside is not None and (not weight.side or weight.name == "output")
    states = (kind.outside or 0) if is_outside else kind.states + (kind.compensated and item == 2)
    return kept + states * count * (4 if kind.bits else item)


def step_bytes(kind: Kept, weights: list[tuple[Weight, int]]) -> int:
    """What a step takes for a while; the weights with how often each is there."""
    if kind.foreach:
        return kind.foreach * sum(weight.count * weight.item * times for weight, times in weights)
    return max((parameter_bytes(kind, weight) for weight, _ in weights), default=0)


def parameter_bytes(kind: Kept, weight: Weight) -> int:
    """What the update of one parameter takes for a while."""
    return weight.count * (
        max(kind.largest, _DECOMPOSED) if kind.decomposes and _is_projected(kind, weight) else kind.largest
    )


def _is_projected(kind: Kept, weight: Weight) -> bool:
    """Whether its states have a low rank: of a linear module that is named, by a part of its path or a pattern.

    Source: transformers 5.23, trainer_optimizer.py, _setup_low_rank_optimizer; trainer_utils.py,
    check_target_module_exists.
    """
    if not kind.rank or not weight.side:
        return False
    if kind.targets in (("all-linear",), ("all_linear",)):
        return True
    block = "self_attn." if weight.name in _ATTENTION else "mlp." if weight.name in _FEED_FORWARD else ""
    path = f"model.layers.0.{block}{weight.name}" if block else weight.name
    return any(target in path or _matches(target, path) for target in kind.targets)


def _matches(pattern: str, path: str) -> bool:
    try:
        return re.fullmatch(pattern, path) is not None
    except re.error:
        return False
