"""What is known of optimizers, by the names that `optim` takes, and of the types that DeepSpeed's config takes.

Loaded where an optimizer counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from configlint.core.record import NamedTuple
from configlint.core.release import Version
from configlint.knowledge._generated.optimizers import DEEPSPEED_ADAM, DEEPSPEED_MEMORY, ROWS
from configlint.knowledge._generated.optimizers import DEEPSPEED_KNOWN as DEEPSPEED_KNOWN
from configlint.knowledge._generated.optimizers import DEEPSPEED_OLDER as DEEPSPEED_OLDER
from configlint.knowledge._generated.optimizers import DEEPSPEED_PYTORCH as DEEPSPEED_PYTORCH


class StateMemory(NamedTuple):
    """What an optimizer keeps for each parameter, and what it takes while it steps; see optimizers.yaml."""

    states: int
    bits: int | None = None
    foreach: int = 0
    largest: int = 0
    low_rank: int = 0
    decomposes: bool = False
    further: tuple[str, ...] = ()
    compensated: bool = False
    unsettled: tuple[str, ...] = ()
    outside: int | None = None


class Optimizer(NamedTuple):
    """What an optimizer does differently; what each trait means stands in optimizers.yaml. Without `memory`, it is
    not modelled."""

    name: str
    reads: tuple[str, ...]
    since: Mapping[str, Version] = {}
    layerwise_of: str | None = None
    needs_matrices: bool = False
    bitsandbytes: bool = False
    under_fsdp: str | None = None
    deepspeed: tuple[str, ...] = ()
    cpu_adam: bool = False
    in_backward: bool = False
    proportional: bool = False
    fused: str | None = None
    in_8_bits: str | None = None
    memory: StateMemory | None = None

    def is_given(self, argument: str, transformers: Version) -> bool:
        """Whether the Trainer of a release hands an argument on to it."""
        return argument in self.reads and self.since.get(argument, transformers) <= transformers


def find_optimizer(name: object) -> Optimizer | None:
    """The optimizer of that name; None where nothing is known of it."""
    row = ROWS.get(name) if isinstance(name, str) else None
    if row is None:
        return None
    memory = StateMemory(**row["memory"]) if "memory" in row else None
    return Optimizer(**{"name": name, **row, "memory": memory})


def find_deepspeed_memory(kind: str) -> StateMemory | None:
    """The memory of a type in DeepSpeed's config; None of one that is not modelled."""
    memory = DEEPSPEED_MEMORY.get(kind.lower())
    return StateMemory(**memory) if memory else None


def is_adam(kind: str) -> bool:
    """Whether a type in DeepSpeed's config is DeepSpeed's own Adam."""
    return kind.lower() in map(str.lower, DEEPSPEED_ADAM)
