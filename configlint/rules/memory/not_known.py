"""The per-device batch is left to the memory, and what a sample takes is not known.

The per-device batch that is not written is the largest that fits. Where the model, its length or what the trainer
does is not known, nothing can be said of that, and it is 1: right, but a device that could take 32 samples at once
computes them one after the other, and is many times slower.

Bad:

    model: {config: llama-3.1-8b}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}

Good:

    model: {config: llama-3.1-8b, sequence_length: 2048}
    tuning: {method: lora, rank: 16, target_modules: all-linear}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 1}

Source: configlint's own format, schemas/spec.schema.json
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import listing

_PINS = ("batch.per_device", "batch.accumulation")
_EXAMPLES = {"model.config": "llama-3.1-8b", "model.sequence_length": "2048"}
_ARGUMENTS = ("training.optim", "training.use_liger_kernel", "tuning.target_modules")
_PIN = "write `batch: {per_device: …}`"


@rule(Severity.INFO)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.memory.capacity is None or plan.batch.per_device != 1:
        return
    if any(map(plan.given, _PINS)) or (plan.batch.accumulation or 1) == 1:
        return
    if plan.batch.trained != plan.batch.effective:  # another batch is to be chosen first
        return
    said = _said(plan)
    if said:
        yield Finding("batch.per_device", f"per_device is 1, with which it starts: {said[0]}", said[1])


def _said(plan: Plan) -> tuple[str, str] | None:
    """What is not known, and what to do; None where something was written and is wrong, which other rules say."""
    missing = plan.memory.missing
    if "trainer" in missing and plan.trainer:
        return f"what {plan.trainer} takes is not reckoned", _PIN
    reckoned = [path for path in missing if path in _ARGUMENTS]
    if reckoned:
        return f"what {listing(path.rpartition('.')[2] for path in reckoned)} takes is not reckoned", _PIN
    if missing == ("model.config",) and plan.model:
        return f"what {plan.model.name} takes is not reckoned", _PIN
    if not missing or any(path not in _EXAMPLES or plan.given(path) for path in missing):
        return None
    example = ", ".join(f"{path.rpartition('.')[2]}: {_EXAMPLES[path]}" for path in missing)
    kinds = " (a bundled profile, a hub id or the path of a config.json)" if "model.config" in missing else ""
    return f"what fits is not known without {listing(missing)}", f"add `model: {{{example}}}`{kinds}, or {_PIN}"
