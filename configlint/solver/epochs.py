"""What data loaders give of an epoch: the micro-batches of a rank, and the samples of the last step.

Source: accelerate 1.15 data_loader.py, BatchSamplerShard (whole batches are dealt to the ranks),
IterableDatasetShard and DataLoaderDispatcher; transformers 5.24 trainer.py, _run_epoch and _get_dataloader (which
leaves `dataloader_drop_last` out for a stream).
"""

from __future__ import annotations

from math import ceil, floor

from configlint.core.plan import Batch, Data
from configlint.core.values import flag, mapping
from configlint.solver.ledger import Ledger

_FACTORS: tuple[str, ...] = ("batch.per_device", "replicas")
_WHOLE = "batches_per_epoch x per_device x replicas"
_ROUNDED = "ceil(train_examples / replicas) x replicas"


def counts_completions(ledger: Ledger) -> bool:
    """Whether batches count completions, of which there are several for each prompt."""
    since = ledger.release.trainer.completions
    return since is not None and (ledger.release.trl or (0, 0)) >= since


def batches_of_epoch(ledger: Ledger, batch: Batch, data: Data, replicas: int | None) -> int | None:
    """Micro-batches that one rank sees of a data set with a length."""
    drop = ledger.argument("dataloader_drop_last", flag)
    examples, size = data.train_examples, batch.per_device
    if examples is None or size is None or replicas is None or drop is None:
        return None
    micro, factors = "(per_device x replicas)", _FACTORS
    if _loader(ledger, "split_batches"):
        replicas, micro, factors = 1, "per_device", ("batch.per_device",)
    to_whole = floor if drop else ceil
    number, formula = to_whole(examples / (size * replicas)), f"{to_whole.__name__}(train_examples / {micro})"
    return ledger.derived("schedule.batches_per_epoch", number, formula, "data.train_examples", *factors)


def last_step(ledger: Ledger, batch: Batch, data: Data, replicas: int, batches: int) -> int | None:
    """The samples of an epoch's last step, where they are fewer than in the others. `batches` are those of a rank;
    of a stream, those of a pass over it, which ends with a step."""
    examples, per_device, trained = data.train_examples, batch.per_device, batch.trained
    if not examples or not per_device or not trained or _loader(ledger, "split_batches"):
        return None
    samples = batches * per_device * replicas
    formula, inputs = _WHOLE, ("schedule.batches_per_epoch", *_FACTORS)
    filled = _filled_to(ledger, data, replicas)
    if filled and (given := ceil(examples / filled) * filled) < samples:
        samples, formula, inputs = given, "train_examples", ("data.train_examples",)
        if filled > 1:
            formula, inputs = _ROUNDED, (*inputs, "replicas")
    less = samples % trained or None
    return ledger.derived("schedule.last_step_samples", less, f"{formula} mod trained", *inputs, "batch.trained")


def _filled_to(ledger: Ledger, data: Data, replicas: int) -> int | None:
    """Of what the last micro-batch over all replicas is filled up to a multiple; None where it is a whole one."""
    if counts_completions(ledger):
        return None
    if replicas == 1:
        return 1
    dispatches = _loader(ledger, "dispatch_batches")
    if data.streaming and dispatches is None:
        dispatches = ledger.release.trl is None  # TRL's trainers let each rank read for itself
    if dispatches:
        return replicas
    return 1 if _loader(ledger, "even_batches") is False and not data.streaming else None


def _loader(ledger: Ledger, name: str) -> object:
    """What Accelerate's data loader is told; None where that is left to it, or where a file says it."""
    settings = ledger.spec.settings
    config = settings.get("training.accelerator_config")
    own = settings.get(f"training.{name}") if name in ledger.release.arguments else None
    return (mapping(config.value) or {}).get(name) if config else own.value if own else None
