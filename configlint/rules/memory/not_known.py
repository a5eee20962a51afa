"""The per-device batch size is left to the memory estimate, but what a sample takes is not known.

A per-device batch size that is not set is the largest that fits. Where the model, its sequence length or the
trainer's memory use is not known, it is 1: correct, but a device that could process 32 samples at once processes
them one after the other and is many times slower.

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
from configlint.core.remedy import Remedy, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import code, listing

_SIZE = "batch.per_device"
_PINS = (_SIZE, "batch.accumulation")
# What may be missing, and what is written there.
_KINDS = {
    "model.config": " (a bundled profile such as llama-3.1-8b, a Hub id or the path of a config.json)",
    "model.sequence_length": "",
}
# What some value of has no closed form.
_UNMODELLED = (
    "model.task", "parallel.deepspeed.optimizer.type", "training.activation_checkpointing_kwargs",
    "training.activation_offloading", "training.gradient_checkpointing_kwargs",
    "training.label_smoothing_factor", "training.optim",
    "training.use_liger_kernel", "tuning.bits", "tuning.modules_to_save", "tuning.target_modules",
)  # fmt: skip


@rule(Severity.INFO, when=lambda plan: bool(plan.memory.missing))
def check(plan: Plan) -> Iterator[Finding]:
    if plan.memory.capacity is None or plan.batch.per_device != 1 or not plan.can_say(_SIZE):
        return
    if any(map(plan.given, _PINS)) or (plan.batch.accumulation or 1) == 1:
        return
    if plan.batch.trained != plan.batch.effective:  # another batch is to be chosen first
        return
    said = _said(plan)
    if said:
        yield Finding(_SIZE, f"`{plan.name(_SIZE)}` defaults to 1: {said[0]}", said[1])


def _said(plan: Plan) -> tuple[str, list[Remedy]] | None:
    """What is not known, and what to do; None where something was written and is wrong, as other rules say."""
    missing, pin = plan.memory.missing, Say(f"set `{plan.name(_SIZE)}`")
    unmodelled = [path for path in missing if path in _UNMODELLED]
    if "trainer" in missing and plan.trainer:
        return f"memory is not modelled for {plan.trainer}", [pin]
    if unmodelled:
        return f"memory is not modelled for {listing(_valued(plan, path) for path in unmodelled)}", [pin]
    if missing == ("model.config",) and plan.model:
        trace = Say(f"run `configlint fit {plan.spec.source.name} --save`, which traces it, or {pin.text}")
        return f"memory is not modelled for {plan.model.name}", [trace]
    if not missing or any(path not in _KINDS or plan.given(path) for path in missing):
        return None
    settings = listing(f"`{plan.name(path)}`{_KINDS[path]}" for path in missing)
    named = listing(f"`{plan.name(path)}`" for path in missing)
    return f"the memory estimate requires {named}", [Say(f"set {settings}", needs=missing), pin]


def _valued(plan: Plan, path: str) -> str:
    setting, origin = plan.spec.settings.get(path), plan.origins.get(path)
    if setting is not None:
        return f"`{plan.name(path)}` {code(setting.value)}"
    whose = f" {code(origin.value)} ({origin.why})" if origin and origin.how == "default" else ""
    return f"`{plan.name(path)}`{whose}"
