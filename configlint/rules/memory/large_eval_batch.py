"""The evaluation needs more memory than the device has.

The evaluation has a batch size of its own (8, the Trainer's default), whatever fits in training. It keeps no
activations but logits: one per word of the vocabulary and token, in 16 bits, in float32 and as log-probabilities,
beside the weights and the optimizer states. The job fails in its first evaluation, hours in.

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

Source: transformers 5.23 training_args.py, per_device_eval_batch_size; loss/loss_utils.py, ForCausalLMLoss
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Say
from configlint.core.rule import Finding, rule
from configlint.core.values import positive
from configlint.core.wording import count
from configlint.rules.memory import device, evaluates, gib, predicts_tokens, sixteen_bits, usable

_NAME = "per_device_eval_batch_size"
# Bytes per logit: as computed, in float32 where that differs, and its log-probability.
_OF_16_BITS = 2 + 4 + 4
_OF_32_BITS = 4 + 4


@rule(Severity.WARNING, when=evaluates)
def check(plan: Plan) -> Iterator[Finding]:
    capacity, budget, size = plan.memory.capacity, plan.memory.budget, positive(plan.argument(_NAME))
    sample = _sample(plan)
    if capacity is None or budget is None or size is None or not sample or not evaluates(plan):
        return
    held = _held(plan)
    if held + size * sample <= budget:
        return
    path, is_over = plan.path(_NAME), held + size * sample > capacity
    given = plan.given(path)
    whose = "" if given else " (the Trainer's default)"
    few = _power_below((budget - held) // sample)
    yield Finding(
        path if given else plan.path("eval_strategy"),
        f"`{plan.name(path)}` {size}{whose} needs at least"
        f" {gib(held + size * sample)} GiB, {gib(size * sample)} GiB of it logits;"
        f" {device(plan) if is_over else usable(plan)}",
        [Put(path, few) if few else Say("evaluate shorter samples: not even one of these fits")],
        None if is_over else Severity.INFO,
        related=(("model.sequence_length", f"{count(plan.sequence_length, 'token')} per sample"),)
        if plan.sequence_length
        else (),
    )


def _sample(plan: Plan) -> int:
    """The logits of one sample, in bytes; 0 where the model has none or the loss keeps none."""
    workload = plan.memory.workload
    words = positive(plan.model.config.get("vocab_size")) if plan.model else None
    if workload is None or words is None or not predicts_tokens(plan):
        return 0
    if workload.chunked_loss:
        return 0
    # Before, the Trainer did not tell Liger to do without logits in an evaluation too.
    if workload.fused_loss and (plan.release.trl or plan.release.transformers >= (5, 15)):
        return 0
    tokens = workload.length // workload.context * (2 if workload.pairs else 1)
    return tokens * words * (_OF_16_BITS if sixteen_bits(plan) else _OF_32_BITS)


def _held(plan: Plan) -> int:
    """What takes memory all the time."""
    estimate = plan.memory.estimate
    return (
        sum(estimate.breakdown[name] for name in ("weights", "reference", "optimizer", "context"))
        if estimate
        else 0
    )


def _power_below(number: int) -> int:
    return 1 << (number.bit_length() - 1) if number > 0 else 0
