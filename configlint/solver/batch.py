"""The batch: what was asked for, and the factors that make it."""

from __future__ import annotations

from configlint.arithmetic import nearest_reachable, split
from configlint.plan import Batch
from configlint.solver.ledger import Ledger
from configlint.values import positive

_TOTALS = ("batch.effective", "batch.effective_tokens")
_FACTORS = ("batch.per_device", "batch.accumulation", "replicas")
_PRODUCT = "per_device x accumulation x replicas"


def solve_batch(ledger: Ledger, replicas: int | None) -> Batch:
    """The batch that was asked for and the nearest that can be trained, as `arithmetic` has it."""
    per_device = ledger.given("batch.per_device", positive)
    accumulation = ledger.given("batch.accumulation", positive)
    batch = Batch(
        effective=_effective(ledger),
        per_device=per_device,
        accumulation=accumulation,
        pinned_per_device=per_device,
        pinned_accumulation=accumulation,
        max_per_device=ledger.given("batch.per_device.max", positive),
    )
    if replicas is None:
        return batch
    if per_device and accumulation:
        return _from_factors(ledger, batch, per_device * accumulation * replicas)
    if batch.effective is None:
        return batch
    return _from_total(ledger, batch, batch.effective, replicas)


def _from_factors(ledger: Ledger, batch: Batch, product: int) -> Batch:
    """Both factors: they are what is trained, and the total too where none was given."""
    ledger.derived("batch.trained", product, _PRODUCT, *_FACTORS)
    if batch.effective is None and not any(path in ledger.spec.settings for path in _TOTALS):
        ledger.derived("batch.effective", product, _PRODUCT, *_FACTORS)
        batch = batch._replace(effective=product)
    return batch._replace(trained=product)


def _from_total(ledger: Ledger, batch: Batch, effective: int, replicas: int) -> Batch:
    trained = nearest_reachable(batch, effective, replicas)
    per_device, accumulation = split(batch, trained, replicas)
    # The formulas divide what is trained: the same as `effective` wherever that can be reached.
    total = "batch.effective" if trained == effective else "batch.trained"
    name = total.rpartition(".")[2]
    if trained != effective:
        ledger.derived(total, trained, "nearest to effective that can be reached", "batch.effective")
    if not batch.pinned_per_device:
        inputs: tuple[str, ...] = (total, "replicas")
        if batch.pinned_accumulation:
            formula, inputs = f"{name} / (accumulation x replicas)", (*inputs, "batch.accumulation")
        elif batch.max_per_device:
            formula = f"largest divisor of {name} / replicas up to max"
            inputs = (*inputs, "batch.per_device.max")
        else:
            formula, inputs = "1 where no bound is given", ()
        ledger.derived("batch.per_device", per_device, formula, *inputs)
    if not batch.pinned_accumulation:
        formula = f"{name} / (per_device x replicas)"
        ledger.derived("batch.accumulation", accumulation, formula, total, "batch.per_device", "replicas")
    if trained == effective:
        ledger.derived("batch.trained", trained, _PRODUCT, *_FACTORS)
    return batch._replace(per_device=per_device, accumulation=accumulation, trained=trained)


def _effective(ledger: Ledger) -> int | None:
    effective = ledger.given("batch.effective", positive)
    tokens = ledger.given("batch.effective_tokens", positive)
    length = ledger.given("model.sequence_length", positive)
    if effective is not None or tokens is None or length is None:
        return effective
    inputs = ("batch.effective_tokens", "model.sequence_length")
    return ledger.derived(
        "batch.effective", max(tokens // length, 1), "effective_tokens / sequence_length", *inputs
    )
