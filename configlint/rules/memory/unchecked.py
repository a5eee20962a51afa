"""The model is known, but not the length of its sequences, so memory is not checked.

Activations and logits grow with the length. Without it a batch that does not fit is only found out by the job
itself, once it has waited in the queue and loaded the model.

Bad:

    model: {config: llama-3.1-8b}
    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    model: {config: llama-3.1-8b, sequence_length: 2048}
    batch: {effective: 64, per_device: 8}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    parallel: {data: zero3}
    training: {bf16: true, activation_checkpointing: true}

Source: configlint's own format, schemas/spec.schema.json
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule

_CONFIG, _LENGTH = "model.config", "model.sequence_length"


@rule(Severity.INFO, when=lambda plan: plan.memory.missing == ("model.sequence_length",))
def check(plan: Plan) -> Iterator[Finding]:
    if plan.memory.capacity is None or plan.memory.missing != (_LENGTH,) or plan.model is None:
        return
    pins = ("batch.per_device", "batch.accumulation")
    # Where the batch per device is left open, that is memory/not-known.
    if plan.spec.open or plan.given(_LENGTH) or not plan.given(_CONFIG) or not any(map(plan.given, pins)):
        return
    if not plan.can_say(_LENGTH):
        return
    length = plan.name(_LENGTH)
    message = f"the memory of {plan.model.name} is not checked: `{length}` is missing"
    yield Finding(_CONFIG, message, [Say(f"set `{length}`, in tokens", needs=(_LENGTH,))])
