"""The evaluation needs more memory than the device has.

The evaluation has a batch size of its own (8, the Trainer's default), whatever fits in training. It keeps no
activations for a backward, but makes logits: one per word of the vocabulary and token, in 16 bits, in float32 and
as log-probabilities, beside the weights and the optimizer states. The job fails in its first evaluation, hours in.

Bad:

    model: {config: llama-3.1-8b, sequence_length: 8192}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    batch: {effective: 64, per_device: 1}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {bf16: true, activation_checkpointing: true, eval_strategy: epoch}

Good:

    model: {config: llama-3.1-8b, sequence_length: 8192}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    batch: {effective: 64, per_device: 1}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}
    training: {bf16: true, activation_checkpointing: true, eval_strategy: epoch, per_device_eval_batch_size: 1}

Source: transformers 5.24 training_args.py, per_device_eval_batch_size; trainer.py, prediction_step
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import CLASSIFYING, Plan
from configlint.core.remedy import Put, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.memory.options import evaluated, evaluation, most_evaluated
from configlint.rules.memory import device, evaluates, gib, predicts_tokens, usable

_NAME = "per_device_eval_batch_size"


@rule(Severity.WARNING, when=evaluates)
def check(plan: Plan) -> Iterator[Finding]:
    memory, size = plan.memory, evaluated(plan)
    if memory.capacity is None or memory.budget is None or memory.estimate is None or size is None:
        return
    if not predicts_tokens(plan) and plan.loaded.task not in CLASSIFYING:
        return  # of a masked model nobody may want the logits
    estimate = evaluation(plan)
    if estimate is None or estimate.low <= memory.budget:
        return
    path, is_over = plan.path(_NAME), estimate.low > memory.capacity
    given, few = plan.given(path), most_evaluated(plan, memory.budget)
    if not few and memory.estimate.low > memory.capacity:
        return  # nor does a step
    whose = "" if given else " (the Trainer's default)"
    logits = estimate.breakdown["logits"]
    of_it = f", {gib(logits)} GiB of it logits" if estimate.low > logits > estimate.low // 2 else ""
    yield Finding(
        path if given else plan.path("eval_strategy"),
        f"`{plan.name(path)}` {size}{whose} does not fit: evaluation needs at least"
        f" {gib(estimate.low)} GiB{of_it}; {device(plan) if is_over else usable(plan)}",
        [Put(path, few) if few else Say("evaluate shorter samples: not even one of these fits")],
        None if is_over else Severity.INFO,
        related=(("model.sequence_length", f"{count(plan.sequence_length, 'token')} per sample"),)
        if plan.sequence_length
        else (),
    )
