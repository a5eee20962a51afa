"""What the ranks of a Ulysses group are given together: DeepSpeed's adapter regroups what their loaders give.

The real adapter runs, once a rank; only its gathering, which needs the other ranks, is answered from their batches.

Source: deepspeed 0.19 runtime/sequence_parallel/ulysses_sp.py, UlyssesSPDataLoaderAdapter
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from configlint.proving.ranks import stand_ins


def regrouped(group: Sequence[list[list[int]]]) -> list[list[list[int]]]:
    """The batches of each rank of a group after the adapter, from those of their loaders, as examples' numbers."""
    stand_ins.import_deepspeed()
    adapters: Any = import_module("deepspeed.runtime.sequence_parallel.ulysses_sp")
    loaded = [[_batch(numbers, len(group)) for numbers in batches] for batches in group]
    found = []
    for rank, own in enumerate(loaded):
        rounds = zip(*loaded, strict=True)
        adapters.dist = _Gathering(rounds)
        adapter = adapters.UlyssesSPDataLoaderAdapter(own, rank, None, len(group), "cpu")
        found.append([batch["input_ids"][:, 0].tolist() for batch in adapter])
    return found


class _Gathering:
    """`all_gather` of a group of which one rank is here: for each round of batches first their lengths, then one
    after the other the tensors of a batch."""

    def __init__(self, rounds: Any) -> None:
        self.answers = (
            values
            for batches in rounds
            for values in [None, *([batch[key] for batch in batches] for key in batches[0])]
        )

    def all_gather(self, into: list[Any], own: Any, group: object = None) -> None:
        values = next(self.answers)
        for place, tensor in zip(into, values or [own] * len(into), strict=True):
            place.copy_(tensor)


def _batch(numbers: list[int], ranks: int) -> dict[str, Any]:
    """Of each example one token for every rank."""
    import torch

    tokens = torch.tensor([[number] * ranks for number in numbers])
    return {"input_ids": tokens, "labels": tokens.clone(), "position_ids": torch.arange(ranks).expand_as(tokens)}
