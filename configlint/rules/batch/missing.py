"""The batch is not given.

Without an effective batch, or both factors of one, there is nothing to keep: the Trainer would take
per_device 8 and accumulation 1, and every other number of devices would train another batch.

Bad:

    batch: {per_device: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Good:

    batch: {effective: 64, per_device: 4}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}

Source: transformers 5.23 training_args.py, per_device_train_batch_size and gradient_accumulation_steps
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    section = plan.spec.settings.get("batch")
    if plan.given("batch.effective") or (section and not section.mapping):
        return
    if plan.given("batch.effective_tokens"):
        if not plan.given("model.sequence_length"):
            message = "a batch in tokens needs model.sequence_length, to be counted in samples"
            yield Finding("batch.effective_tokens", message, "add model: {sequence_length: 4096}")
        return
    factors = ("batch.per_device", "batch.accumulation")
    pinned = [path for path in factors if plan.given(path) and not plan.given(f"{path}.max")]
    if len(pinned) < 2:
        only = f" by {pinned[0].rpartition('.')[2]} alone" if pinned else ""
        yield Finding("batch", f"the effective batch is not given{only}", "add effective: 64", on_key=True)
