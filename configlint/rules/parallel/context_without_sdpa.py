"""The attention implementation does not support context parallelism.

Context parallelism supports PyTorch's own attention (sdpa) only. The Trainer rejects any other at the first step:
after the queue, and after the model was loaded.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, context: 2}
    model: {attention: flash_attention_2}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, context: 2}
    model: {attention: sdpa}

Source: transformers 5.23 trainer.py, _prepare_context_parallel_inputs
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import attentions, beside, degree, loaded_with


@rule(Severity.ERROR, when=lambda plan: plan.parallel.context != 1)
def check(plan: Plan) -> Iterator[Finding]:
    context = plan.parallel.context
    if context is None or context == 1 or plan.release.transformers < (4, 56):
        return
    for path, attention in attentions(plan).items():
        if attention != "sdpa":
            yield Finding(
                path,
                f"{degree(plan, 'context')} requires sdpa attention, got {attention}",
                [loaded_with(plan, path, "sdpa")],
                related=beside(plan, "context"),
            )
