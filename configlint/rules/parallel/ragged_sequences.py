"""Sequences come in lengths that the devices cannot share out evenly.

Sequence parallelism (Ulysses) takes multiples of its degree only: DeepSpeed stops at the first batch of another
length. With context parallelism PyTorch balances the work of causal attention over multiples of twice the
degree; other lengths leave devices waiting, or with shares of different lengths. SFTTrainer makes a batch as
long as its longest sample.

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
from configlint.core.rule import Finding, rule
from configlint.core.values import positive

_PAD = "pad_to_multiple_of"


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    if parallel.sequence not in (None, 1) and parallel.uses_deepspeed:
        yield from _findings(plan, "sequence", parallel.sequence or 1, parallel.sequence or 1)
    elif parallel.context not in (None, 1) and parallel.data == "fsdp":
        yield from _findings(plan, "context", parallel.context or 1, 2 * (parallel.context or 1))


def _findings(plan: Plan, degree: str, size: int, multiple: int) -> Iterator[Finding]:
    length, pads = plan.sequence_length, plan.trainer == "SFTTrainer" and _PAD in plan.release.arguments
    padding = positive(plan.argument(_PAD)) if pads else None
    if padding and padding % multiple == 0:
        return
    takes = f"{degree} {size} takes multiples of {multiple} only"
    path = f"parallel.{degree}"
    if pads and not plan.data.packed and plan.argument("packing") is not True:
        message = f"a batch is as long as its longest sample, and {takes}"
        if padding:
            message = f"batches are padded to multiples of {padding}, and {takes}"
        yield Finding(path, message, f"write `{_PAD}: {multiple}` in training")
    elif length is not None and length % multiple:
        below = length // multiple * multiple
        yield Finding(
            path,
            f"sequences of {length:,} tokens cannot be shared out evenly: {takes}",
            f"make them {f'{below:,} or ' if below else ''}{below + multiple:,} tokens long",
            related=(("model.sequence_length", f"{length:,} tokens"),)
            if plan.given("model.sequence_length")
            else (),
        )
