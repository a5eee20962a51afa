"""Gradient accumulation raises the peak above what fits.

With one micro-batch per step, gradients are created while activations are freed. From the second micro-batch on, a
whole set of gradients is kept while the next one is computed, on top of all activations and logits: accumulating to
save memory costs memory, once.

Bad:

    model: {config: llama-3.1-8b, sequence_length: 4096, dtype: bfloat16, attention: flash_attention_2}
    batch: {effective: 16, per_device: 2}
    hardware: {accelerator: {name: measured, memory: 82}, devices_per_node: 1}
    training: {activation_checkpointing: true}

Good:

    model: {config: llama-3.1-8b, sequence_length: 4096, dtype: bfloat16, attention: flash_attention_2}
    batch: {effective: 2, per_device: 2}
    hardware: {accelerator: {name: measured, memory: 82}, devices_per_node: 1}
    training: {activation_checkpointing: true}

Source: torch 2.13 csrc/autograd/functions/accumulate_grad.h; transformers 5.23 trainer.py, _run_epoch (zero_grad
after a step alone); a trace of Llama 3.1 8B in bfloat16: 72.9 GiB without accumulation, 87.8 with it
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.workload import Workload
from configlint.memory.options import changes
from configlint.rules.memory import gib, is_tight, usable

_PATH = "batch.accumulation"


@rule(Severity.INFO, when=lambda plan: is_tight(plan) and plan.batch.accumulation != 1)
def check(plan: Plan) -> Iterator[Finding]:
    budget, estimate, workload = plan.memory.budget, plan.memory.estimate, plan.memory.workload
    if budget is None or estimate is None or workload is None or workload.accumulation < 2:
        return
    then = plan.memory.ask(workload._replace(accumulation=1))
    if then is None or estimate.high <= budget or then.high > budget:
        return
    yield Finding(
        _PATH,
        f"`{plan.name(_PATH)}` {plan.batch.accumulation} keeps gradients between micro-batches, so the peak rises"
        f" from {gib(then.high)} to {gib(estimate.high)} GiB; {usable(plan)}",
        [_remedy(plan, workload, budget)],
    )


def _remedy(plan: Plan, workload: Workload, budget: int) -> Remedy:
    """To shard the gradients, where it then fits."""
    for change in changes(plan, workload):
        # Before, the Trainer did not read it.
        reads = change.put.path == "training.accelerator_config" and plan.release.transformers >= (5, 2)
        if reads or change.put[:2] == ("parallel.data", "zero2"):
            then = plan.memory.ask(workload._replace(**change.fields))  # type: ignore[arg-type]
            if then is not None and then.high <= budget:
                return change.put._replace(why="this shards the gradients")
    devices = f"train on {plan.batch.accumulation} times as many devices instead of accumulating"
    return Say(devices, needs=("hardware.devices_per_node",))
