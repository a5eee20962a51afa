"""Sequences have lengths that cannot be divided evenly between the devices.

Sequence parallelism (Ulysses) requires multiples of its degree: DeepSpeed stops at the first batch of another
length. With context parallelism, PyTorch balances causal attention over multiples of twice the degree; with other
lengths devices wait for each other or get shares of different lengths. SFTTrainer pads a batch to its longest
sample.

Bad:

    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, sequence: 4}

Good:

    trainer: SFTTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, sequence: 4}
    training: {pad_to_multiple_of: 4}

Source: deepspeed 0.19 runtime/sequence_parallel/ulysses_sp.py, UlyssesSPDataLoaderAdapter.refill; torch 2.13
distributed/tensor/experimental/_context_parallel/_load_balancer.py; trl 1.16 trainer/sft_trainer.py,
DataCollatorForLanguageModeling.torch_call
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import positive
from configlint.rules.parallel import degree, is_meshed

_LENGTH = "model.sequence_length"


@rule(Severity.WARNING, when=is_meshed)
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    if parallel.sequence not in (None, 1) and parallel.uses_deepspeed:
        yield from _findings(plan, "sequence", parallel.sequence or 1)
    elif parallel.context not in (None, 1) and parallel.data == "fsdp":
        yield from _findings(plan, "context", 2 * (parallel.context or 1))


def _findings(plan: Plan, kind: str, multiple: int) -> Iterator[Finding]:
    length, argument = plan.sequence_length, plan.release.trainer.pads_to
    pads = argument if argument in plan.release.arguments else None
    padding = positive(plan.argument(pads)) if pads else None
    if padding and padding % multiple == 0:
        return
    requires = f"{degree(plan, kind)} requires sequence lengths in multiples of {multiple}"
    if pads and not plan.data.packed and plan.argument("packing") is not True:
        pad = plan.path(pads)
        why = f"`{plan.name(pad)}` is {padding}" if padding else "each batch is padded to its longest sample"
        yield Finding(f"parallel.{kind}", f"{requires}; {why}", [Put(pad, multiple)])
    elif length is not None and length % multiple:
        below = length // multiple * multiple
        yield Finding(
            f"parallel.{kind}",
            f"{requires}, got {length:,} tokens",
            [Put(_LENGTH, size) for size in (below, below + multiple) if size],
            related=((_LENGTH, f"{length:,} tokens"),),
        )
