"""What a training step allocates of real tensors, as torch.profiler has it of the CPU's allocator.

The trace counts storages itself, on tensors without data or with it. This counts nothing: it runs the same step
without the trace's tracker and adds up what the allocator said. Kernels of the CPU take the place of CUDA's, so
that only workloads with attention `eager` are like those of the trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from configlint.core.workload import Workload
from configlint.memory.trace import as_cuda, built, steering, traced

_START = "the step begins"


class Untracked:
    """Has what the trace asks of its tracker, and counts nothing."""

    total = peak = vocabulary = 0
    phase = peak_phase = ""

    def __init__(self, autocast: torch.dtype | None) -> None:
        self.autocast = autocast
        self.breakdown: dict[str, int] = {}
        self.phases: dict[str, int] = {}

    def during(self, phase: str) -> AbstractContextManager[Any]:
        return record_function(phase)

    def reset(self) -> None:
        with record_function(_START):
            pass

    def relabel(self, tensor: object, category: str) -> None:
        pass

    def forget(self, tensor: object) -> None:
        pass


def allocated(workload: Workload) -> int:
    """Bytes at the peak of the step that the trace looks at, weights, gradients and states among them."""
    with _recorded(workload) as (network, untracked, profiler):
        traced._steps(workload, network, untracked, frozenset())
    return _peak(profiler)


def evaluated(workload: Workload) -> int:
    """Bytes at the peak of the loss of a batch without gradients, the weights among them."""
    with _recorded(workload) as (network, untracked, profiler):
        network.eval()
        inputs = built.inputs(workload, network)
        untracked.reset()
        with torch.no_grad():
            built.loss(network, inputs, untracked)
    return _peak(profiler)


@contextmanager
def _recorded(workload: Workload) -> Iterator[tuple[Any, Untracked, Any]]:
    """The network, what takes the tracker's place, and the profiler, which records what is done inside."""
    autocast = getattr(torch, workload.autocast) if workload.autocast else None
    device = as_cuda.Device(traced._capability(workload), autocast)
    choice = built.chosen(workload)
    recorded = profile(activities=[ProfilerActivity.CPU], profile_memory=True)
    with as_cuda.as_cuda(device), steering.steered(workload), recorded as profiler:
        yield built.built(workload, choice, device.capability), Untracked(autocast), profiler


def _peak(profiler: Any) -> int:
    events = profiler.profiler.kineto_results.events()
    start = next(event.start_ns() for event in events if event.name() == _START)
    total = peak = 0
    for event in sorted(
        (event for event in events if event.name() == "[memory]"), key=lambda each: each.start_ns()
    ):
        total += event.nbytes()
        peak = max(peak, total if event.start_ns() >= start else 0)
    return peak
