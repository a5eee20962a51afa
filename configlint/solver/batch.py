"""The batch: what was asked for, and the factors that make it."""

from __future__ import annotations

from configlint.core.arithmetic import MOST_SAMPLES, nearest_reachable, split
from configlint.core.plan import Batch
from configlint.core.values import positive
from configlint.solver.ledger import Ledger
from configlint.solver.room import GIB, Room

_TOTALS = ("batch.effective", "batch.effective_tokens")
_FACTORS = ("batch.per_device", "batch.accumulation", "replicas")
_PRODUCT = "per_device x accumulation x replicas"


def solve_batch(ledger: Ledger, replicas: int | None, room: Room) -> Batch:
    """The batch that was asked for and the nearest that can be trained, as `arithmetic` has it, in as large
    pieces as there is room for."""
    per_device = _factor(ledger, "batch.per_device", "per_device_train_batch_size")
    accumulation = _factor(ledger, "batch.accumulation", "gradient_accumulation_steps")
    batch = Batch(
        effective=_effective(ledger),
        per_device=per_device,
        accumulation=accumulation,
        pinned_per_device=per_device,
        pinned_accumulation=accumulation,
        max_per_device=ledger.given("batch.per_device.max", positive),
    )
    if replicas is None or (ledger.spec.call and not (per_device and accumulation)):
        return batch
    if replicas * (per_device or 1) * (accumulation or 1) > MOST_SAMPLES:
        return batch._replace(per_device=None, accumulation=None)
    if per_device and accumulation:
        return _from_factors(ledger, batch, per_device * accumulation * replicas)
    if batch.effective is None:
        return batch
    return _from_total(ledger, batch, batch.effective, replicas, room)


def _factor(ledger: Ledger, path: str, name: str) -> int | None:
    """What was written; in a call, the class's default where nothing was."""
    if ledger.spec.call is None or path in ledger.spec.settings:
        return ledger.given(path, positive)
    default = None if ledger.spec.open else positive(ledger.release.default(name))
    return ledger.given_or(path, positive, default, "the class's default") if default else None


def _from_factors(ledger: Ledger, batch: Batch, product: int) -> Batch:
    """Both factors: they are what is trained, and the total too where none was given."""
    ledger.derived("batch.trained", product, _PRODUCT, *_FACTORS)
    if batch.effective is None and not any(path in ledger.spec.settings for path in _TOTALS):
        ledger.derived("batch.effective", product, _PRODUCT, *_FACTORS)
        batch = batch._replace(effective=product)
    return batch._replace(trained=product)


def _from_total(ledger: Ledger, batch: Batch, effective: int, replicas: int, room: Room) -> Batch:
    trained = nearest_reachable(batch, effective, replicas)
    if not batch.pinned_per_device and not batch.pinned_accumulation:
        batch = batch._replace(fitting=_fitting(ledger, room, batch, trained // replicas))
    per_device, accumulation = split(batch, trained, replicas)
    # The formulas divide what is trained: the same as `effective` wherever that can be reached.
    total = "batch.effective" if trained == effective else "batch.trained"
    name = total.rpartition(".")[2]
    if trained != effective:
        ledger.derived(total, trained, "nearest possible batch to effective", "batch.effective")
    if not batch.pinned_per_device:
        inputs: tuple[str, ...] = (total, "replicas")
        if batch.pinned_accumulation:
            formula, inputs = f"{name} / (accumulation x replicas)", (*inputs, "batch.accumulation")
        elif batch.max_per_device or batch.fitting:
            bounds = {"max": batch.max_per_device, "fitting": batch.fitting}
            names = [bound for bound, value in bounds.items() if value]
            formula = f"largest divisor of {name} / replicas up to {' and '.join(names)}"
            paths = {"max": "batch.per_device.max", "fitting": "batch.fitting"}
            inputs = (*inputs, *(paths[bound] for bound in names))
        else:
            formula, inputs = "1, because neither a maximum nor the memory is known", ()
        ledger.derived("batch.per_device", per_device, formula, *inputs)
    if not batch.pinned_accumulation:
        formula = f"{name} / (per_device x replicas)"
        ledger.derived("batch.accumulation", accumulation, formula, total, "batch.per_device", "replicas")
    if trained == effective:
        ledger.derived("batch.trained", trained, _PRODUCT, *_FACTORS)
    return batch._replace(per_device=per_device, accumulation=accumulation, trained=trained)


def _fitting(ledger: Ledger, room: Room, batch: Batch, share: int) -> int | None:
    """The most of a replica's samples that fit at once; where not even one does, one is what is left."""
    fitting = room.largest(share, batch.max_per_device)
    if fitting is None or room.budget is None or room.capacity is None:
        return None
    size = max(fitting, 1)
    estimate = room.estimate(size, share // size)
    needed = f"{estimate.high / GIB:.1f} GiB" if estimate else "more"
    room_there = f"{room.budget / GIB:.1f} of {room.capacity / GIB:.1f} GiB"
    formula = f"{size} needs {needed}, under {room_there}" if fitting else f"1 needs {needed}, over {room_there}"
    inputs = [path for path in ("hardware.accelerator", "hardware.headroom") if path in ledger.origins]
    return ledger.derived("batch.fitting", size, formula, *inputs)


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
