"""One workload: its model is built without weights, a step is run, the storages are counted."""

from __future__ import annotations

import gc
import time
from typing import Any

import torch
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)

from configlint.core.workload import CATEGORIES, PHASES, Workload
from configlint.memory.trace import as_cuda, built, optimizer, steering
from configlint.memory.trace.refusal import Refusal, in_a_line
from configlint.memory.trace.tracker import Tracker

_IN_BFLOAT16 = (
    "the experts' grouped matrix products can be traced only with bfloat16 weights: set model.dtype to bfloat16"
)
# Where the capability is not said, that of an A100.
_CAPABILITY = (8, 0)


def traced(job: dict[str, Any]) -> dict[str, Any]:
    """The result of a workload given as its fields."""
    start = time.perf_counter()
    try:
        result = _traced(Workload(**job))
    except Refusal as refusal:
        return {"error": str(refusal)}
    except (DataDependentOutputException, DynamicOutputShapeException):
        return {"error": "the model branches on tensor values, which a trace does not have"}
    except Exception as error:
        if "Expected inputs of BF16 type" in str(error):
            return {"error": _IN_BFLOAT16}
        return {"error": f"the trace failed: {type(error).__name__}: {in_a_line(error)}"}
    return {**result, "seconds": round(time.perf_counter() - start, 2)}


def _traced(workload: Workload) -> dict[str, Any]:
    _refuse(workload)
    # When cycles are collected must not depend on what ran before; what is there now need not be looked at.
    gc.disable()
    gc.freeze()
    try:
        result, idle = _run(workload, frozenset())
        if idle:
            # Parameters that the loss does not reach have neither gradients nor states.
            result, _ = _run(workload, idle)
        return result
    finally:
        gc.unfreeze()
        gc.enable()


def _refuse(workload: Workload) -> None:
    if workload.data != "ddp" or workload.tensor > 1 or workload.context > 1:
        raise Refusal("sharding over devices cannot be traced")
    if workload.offload_optimizer or workload.offload_parameters:
        raise Refusal("offloading to the host cannot be traced")


def _run(workload: Workload, idle: frozenset[str]) -> tuple[dict[str, Any], frozenset[str]]:
    """The result, and the names of the parameters that got no gradient; `idle` are known to get none."""
    choice = built.chosen(workload)
    autocast = getattr(torch, workload.autocast) if workload.autocast else None
    device = as_cuda.Device(_capability(workload), autocast)
    with as_cuda.as_cuda(device), steering.steered(workload), FakeTensorMode(allow_non_fake_inputs=True):
        network = built.built(workload, choice, device.capability)
        tokens = workload.batch * workload.length
        with Tracker(tokens, built.vocabulary(network), autocast, as_cuda.SCRATCH) as tracker:
            for tensor in [*network.parameters(), *network.buffers()]:
                tracker.count(tensor)
            return _steps(workload, network, tracker, idle)


def _capability(workload: Workload) -> tuple[int, int]:
    major, minor = workload.capability or _CAPABILITY
    return major, minor


def _steps(
    workload: Workload, network: torch.nn.Module, tracker: Tracker, idle: frozenset[str]
) -> tuple[dict[str, Any], frozenset[str]]:
    """The second step is what counts: the optimizer has its states by then. Of the first only what it
    leaves behind is made."""
    trained = {name: it for name, it in network.named_parameters() if it.requires_grad}
    reached: set[int] = set()

    def has_gradient(parameter: torch.Tensor) -> None:
        reached.add(id(parameter))
        tracker.relabel(parameter.grad, "gradients")

    for name, parameter in trained.items():
        parameter.register_post_accumulate_grad_hook(has_gradient)
        if name not in idle:
            parameter.grad = torch.empty_like(parameter)
            tracker.relabel(parameter.grad, "gradients")
    updater = optimizer.built(workload, network, tracker)
    with tracker.during("step"):
        updater.step()
    optimizer.settle(updater, tracker)
    if workload.accumulation == 1:
        for parameter in trained.values():
            parameter.grad = None
    saved = _micro_batch(workload, network, tracker)
    with tracker.during("step"):
        updater.step()
    unreached = {name for name, it in trained.items() if id(it) not in reached}
    trained_bytes = sum(it.numel() * it.element_size() for name, it in trained.items() if name not in idle)
    return {**_result(tracker, saved), "trained_bytes": trained_bytes}, frozenset(unreached - idle)


def _micro_batch(workload: Workload, network: torch.nn.Module, tracker: Tracker) -> int:
    """Forward and backward; bytes that are kept from the one for the other. With accumulation it is not
    the first micro-batch: gradients are there already."""
    gc.collect()
    with tracker.during("forward"):
        inputs = built.inputs(workload, network)
        tracker.reset()
        given = tracker.total
        loss = built.loss(network, inputs, tracker)
        saved = tracker.total - given
    with tracker.during("backward"):
        loss.backward()
    return saved


def _result(tracker: Tracker, saved: int) -> dict[str, Any]:
    return {
        "allocated": tracker.peak,
        "phase": tracker.peak_phase,
        "breakdown": {name: tracker.breakdown.get(name, 0) for name in CATEGORIES},
        "phases": {name: tracker.phases.get(name, 0) for name in PHASES},
        "saved": saved,
    }
