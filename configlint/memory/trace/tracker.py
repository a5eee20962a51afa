"""Counts the storages that are alive while operations are dispatched, as CUDA's allocator would.

Runs in the worker's process only: it needs torch.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# CUDA's caching allocator hands out blocks of whole 512 bytes.
# Source: torch 2.13 c10/core/CachingAllocator.h, kMinBlockSize.
BLOCK_BYTES = 512

aten = torch.ops.aten


class Record:
    """One storage: its size in bytes, rounded up; its category; the running number of its birth."""

    __slots__ = ("birth", "category", "keeper", "size")

    def __init__(self, size: int, category: str, birth: int) -> None:
        self.size, self.category, self.birth = size, category, birth
        self.keeper: Any = None


class Tracker(TorchDispatchMode):  # type: ignore[misc]
    """Keeps account of all storages made while it is active, by category, and of the peak since `reset`.

    `phase` is set by who drives the step. `tokens` and `vocabulary` tell the logits from other tensors;
    `autocast` is the dtype of autocast or None; `scratch` maps an operation's name to a
    function of its arguments that says how many bytes its CUDA kernel takes beside its results.
    """

    def __init__(
        self,
        tokens: int,
        vocabulary: int,
        autocast: torch.dtype | None,
        scratch: dict[str, Callable[..., int]],
    ) -> None:
        super().__init__()
        self.tokens, self.vocabulary, self.autocast, self.scratch = tokens, vocabulary, autocast, scratch
        self.phase = "build"
        self.recomputing = False
        self.records: dict[int, Record] = {}
        self.live: dict[str, int] = {}
        self.total = 0
        self.births = 0
        self.reset()

    def reset(self) -> None:
        """Forget the peaks; what is alive now is where they start."""
        self.peak = self.total
        self.peak_phase = self.phase
        self.peak_birth = self.births
        self.breakdown = dict(self.live)
        self.phases: dict[str, int] = {}

    @contextmanager
    def during(self, phase: str) -> Iterator[None]:
        before, self.phase = self.phase, phase
        self.recomputing = False
        self._mark(0)
        try:
            yield
        finally:
            self.phase = before

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing between the engine and `__torch_dispatch__`, so that the caller can be seen there."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is aten.add.Tensor and self.phase == "backward":
            term = _accumulator(args, sys._getframe(1))
            if term is not None:
                return aten.alias.default(term)
        result = func(*args, **kwargs)
        if isinstance(result, torch.Tensor):
            self.count(result, func, args)
        elif isinstance(result, (tuple, list)):
            for part in result:
                if isinstance(part, torch.Tensor):
                    self.count(part, func, args)
        if (scratch := self.scratch.get(func._schema.name)) is not None:
            self._mark(scratch(*args, **kwargs))
        return result

    def count(self, tensor: torch.Tensor, func: Any = None, args: Any = ()) -> None:
        """Take a tensor's storage into account, if it is a new one."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self.records:
            return
        size = -(-storage.nbytes() // BLOCK_BYTES) * BLOCK_BYTES
        self.births += 1
        record = self.records[key] = Record(size, self._category(tensor, func, args), self.births)
        # torch keeps the Python object of a storage until the storage itself dies.
        record.keeper = weakref.ref(storage, lambda _: self._forget(key))
        self.total += size
        self.live[record.category] = self.live.get(record.category, 0) + size
        self._mark(0)

    def relabel(self, tensor: torch.Tensor, category: str) -> None:
        """Say what a living storage is for. The peak's breakdown is put right too, where it was in it."""
        record = self.records.get(tensor.untyped_storage()._cdata)
        if record is None or record.category == category:
            return
        books = [self.live] + ([self.breakdown] if record.birth <= self.peak_birth else [])
        for book in books:
            book[record.category] -= record.size
            book[category] = book.get(category, 0) + record.size
        record.category = category

    def forget(self, tensor: torch.Tensor) -> None:
        """Leave a tensor out of account: CUDA would have it on the host."""
        record = self.records[tensor.untyped_storage()._cdata]
        self.total -= record.size
        self.live[record.category] -= record.size
        record.size = 0  # and it stays known

    def _forget(self, key: int) -> None:
        if record := self.records.pop(key, None):
            self.total -= record.size
            self.live[record.category] -= record.size

    def _mark(self, scratch: int) -> None:
        """See whether this moment, with `scratch` bytes beside all storages, is a peak."""
        total = self.total + scratch
        if total > self.phases.get(self.phase, 0):
            self.phases[self.phase] = total
        if total > self.peak:
            self.peak, self.peak_phase, self.peak_birth = total, self.phase, self.births
            self.breakdown = dict(self.live)
            if scratch:
                category = "recompute" if self.recomputing else "activations"
                self.breakdown[category] = self.breakdown.get(category, 0) + scratch

    def _category(self, tensor: torch.Tensor, func: Any, args: Any) -> str:
        if self.phase in ("build", "step"):
            return {"build": "weights", "step": "transient"}[self.phase]
        if self._is_autocast_copy(tensor, func, args):
            return "autocast"
        if self.phase == "loss" or self._is_logits(tensor):
            return "logits"
        if self.phase == "backward":
            # Within a node of backward, a graph is built only where a checkpointed segment is run again.
            self.recomputing = self.recomputing or (
                torch.is_grad_enabled() and torch._C._current_autograd_node() is not None
            )
            return "recompute" if self.recomputing else "activations"
        return "activations"

    def _is_autocast_copy(self, tensor: torch.Tensor, func: Any, args: Any) -> bool:
        if self.autocast is None or func is not aten._to_copy.default or tensor.dtype != self.autocast:
            return False
        source = self.records.get(args[0].untyped_storage()._cdata)
        return source is not None and source.category == "weights"

    def _is_logits(self, tensor: torch.Tensor) -> bool:
        shape = tensor.shape
        return bool(shape) and shape[-1] == self.vocabulary and tensor.numel() == self.tokens * self.vocabulary


def _accumulator(args: Any, caller: Any) -> torch.Tensor | None:
    """Which of its terms an addition of the autograd engine's own, of two gradients of one tensor, is
    written to; None for any other addition, and for one that needs memory of its own.

    The engine adds to the gradient that came first, where it holds the last reference to it: not where that is a
    view, as the output layer's of a matrix that the embedding has too. To tensors that have a Python class of their
    own, as the ones traced here have, it never adds in place.
    Source: torch 2.13 autograd/input_buffer.cpp and functions/accumulate_grad.h.
    """
    first, second = args[:2]
    if caller.f_code.co_name != "_engine_run_backward" or not isinstance(second, torch.Tensor):
        return None
    if first.shape != second.shape or first.dtype != second.dtype:
        return None
    if torch._C._current_autograd_node().name().endswith("AccumulateGrad"):
        return first
    return first if _is_last_reference(first) else None


# What `_use_count` is for a tensor that only the engine holds, while it is being dispatched.
_ENGINE_ONLY = 4


def _is_last_reference(term: torch.Tensor) -> bool:
    storage = term.untyped_storage()
    dense = torch._prims_common.is_non_overlapping_and_dense_or_false(term)
    alone = term._use_count() <= _ENGINE_ONLY and torch._C._storage_Use_Count(storage._cdata) <= 2
    return bool(dense and alone)
