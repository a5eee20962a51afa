"""The batch: what is trained is what is written."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.arithmetic import split
from configlint.core.plan import Plan
from configlint.core.values import mapping
from configlint.core.wording import count


def applies(plan: Plan) -> bool:
    return True


# What few specs concern is not loaded for the others.
ONLY_IF: dict[str, Callable[[Plan], bool]] = {
    "accumulation_set_twice": lambda plan: plan.writes("accelerator_config"),
    "auto_find_batch_size": lambda plan: plan.writes("auto_find_batch_size"),
    "changed_by_target": lambda plan: plan.spec.target is not None,
    "data_parallel": lambda plan: plan.parallel.world == 1,
    "indivisible_generations": lambda plan: plan.trainer in ("GRPOTrainer", "RLOOTrainer"),
    "layerwise_accumulation": lambda plan: plan.writes("optim"),
    "partial_sequence": lambda plan: plan.given("batch.effective_tokens"),
    "split_batches": lambda plan: plan.writes("accelerator_config", "split_batches"),
    "stated_twice": lambda plan: plan.given("batch.effective_tokens"),
    "too_large": lambda plan: plan.batch.trained is None,
}


def accelerator_config(plan: Plan) -> dict[str, object]:
    """`training.accelerator_config` where it can be seen; empty where it is the path of a file."""
    return mapping(plan.training.get("accelerator_config")) or {}


def factored(plan: Plan, size: int) -> str:
    """`96 (1 x 4 x 24)`: a batch that can be reached, and its factors."""
    replicas = plan.parallel.replicas or 1
    return f"{size} ({' x '.join(map(str, split(plan.batch, size, replicas)))} x {replicas})"


def replicas_in_words(plan: Plan) -> tuple[str, str]:
    """The place and the reckoning of the data-parallel degree, to stand beside a finding."""
    hardware, parallel = plan.hardware, plan.parallel
    nodes, devices = count(hardware.nodes or 1, "node"), count(hardware.devices_per_node or 1, "device")
    words = f"{count(parallel.replicas or 1, 'replica')} = {nodes} x {devices}"
    if hardware.reserved:
        words += f" - {hardware.reserved} reserved"
    split = [
        f"{kind} {size}" for kind in ("tensor", "context", "sequence") if (size := getattr(parallel, kind)) != 1
    ]
    if split:
        words += f", over {' x '.join(split)}"
    return "hardware.devices_per_node", words
