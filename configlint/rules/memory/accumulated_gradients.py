"""Accumulation is what does not fit.

With a single micro-batch a step, gradients are made while activations are given back. From the second on, a whole
set of gradients lies there while the next micro-batch is computed, on top of all activations and logits: to
accumulate more often in order to save memory takes more of it, once.

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
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.memory import gib, peak


@rule(Severity.INFO)
def check(plan: Plan) -> Iterator[Finding]:
    budget, estimate, workload = plan.memory.budget, plan.memory.estimate, plan.memory.workload
    if budget is None or estimate is None or workload is None or workload.accumulation < 2:
        return
    then = plan.memory.ask(workload._replace(accumulation=1))
    if then is None or estimate.high <= budget or then.high > budget:
        return
    yield Finding(
        "batch.accumulation",
        f"{count(workload.batch, 'sample')} at once would take {peak(then)}, and with the gradients that accumulate"
        f" it is {peak(estimate)}: {gib(budget)} are to be used",
        _help(plan),
    )


def _help(plan: Plan) -> str:
    data = plan.parallel.data
    # Before, the Trainer did not look at it.
    if data == "fsdp" and plan.release.transformers >= (5, 2):
        kwargs = "{gradient_accumulation_kwargs: {sync_each_batch: true}}"
        return f"`training.accelerator_config: {kwargs}` keeps them shared out between micro-batches"
    if data in ("ddp", "zero0", "zero1") and (plan.parallel.world or 1) > 1:
        return "`parallel.data: zero2` shares them out"
    return f"with {plan.batch.accumulation} times as many devices there is nothing to accumulate"
