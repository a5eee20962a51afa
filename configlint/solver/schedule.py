"""Optimizer steps, as Transformers counts them.

Source: transformers 5.23 trainer.py, set_initial_training_values (a step is ceil'd from the batches
of an epoch, an epoch has at least one) and training_args.py, get_warmup_steps; accelerate 1.15
data_loader.py, BatchSamplerShard (whole batches are dealt to the ranks).
"""

from __future__ import annotations

from math import ceil

from configlint.core.plan import Batch, Data, Intervals, Schedule
from configlint.core.spec import Setting
from configlint.core.values import flag, natural, positive, real, text, whole
from configlint.solver.ledger import Ledger


def solve_schedule(ledger: Ledger, batch: Batch, data: Data, replicas: int | None) -> Schedule:
    epochs = ledger.argument("num_train_epochs", real)
    max_steps = ledger.argument("max_steps", whole)
    batches = _batches(ledger, batch, data, replicas)
    steps = total = None
    if batches is not None and batch.accumulation:
        steps = max(ceil(batches / batch.accumulation), 1)
        inputs = ("schedule.batches_per_epoch", "batch.accumulation")
        formula = "ceil(batches_per_epoch / accumulation)" if batches else "1, the minimum of an epoch"
        ledger.derived("schedule.steps_per_epoch", steps, formula, *inputs)
    # Even with 0 the Trainer does one step before it looks; until 4.48, 0 left it to the epochs.
    least = 0 if ledger.release.transformers >= (4, 49) else 1
    if max_steps is not None and max_steps >= least:
        formula = "max_steps" if max_steps else "max(max_steps, 1)"
        total = ledger.derived("schedule.total_steps", max(max_steps, 1), formula, "training.max_steps")
    elif steps and epochs and epochs > 0 and max_steps is not None:
        inputs = ("training.num_train_epochs", "schedule.steps_per_epoch")
        total = ceil(epochs * steps)
        ledger.derived("schedule.total_steps", total, "ceil(num_train_epochs x steps_per_epoch)", *inputs)
    return Schedule(batches, steps, epochs, max_steps, total, _warmup(ledger, total))


def _batches(ledger: Ledger, batch: Batch, data: Data, replicas: int | None) -> int | None:
    """Micro-batches that one rank sees in an epoch."""
    drop = ledger.argument("dataloader_drop_last", flag)
    examples, size = data.train_examples, batch.per_device
    if examples is None or size is None or replicas is None or drop is None:
        return None
    number = examples // size // replicas if drop else -(-examples // (size * replicas))
    formula = f"{'floor' if drop else 'ceil'}(train_examples / (per_device x replicas))"
    inputs = ("data.train_examples", "batch.per_device", "replicas")
    return ledger.derived("schedule.batches_per_epoch", number, formula, *inputs)


def _warmup(ledger: Ledger, total: int | None) -> int | None:
    """Steps, or a share of the run: since 5.0 whatever is below 1, before that what another argument says,
    over which steps win."""
    path = ledger.path("warmup_steps")
    value = ledger.given(path, real)
    told_apart = ledger.release.transformers < (5, 0)
    if told_apart and not value:
        path = "training.warmup_ratio"
        value = ledger.given(path, real)
    if value is None or value < 0:
        return None
    name = path.rpartition(".")[2]
    if path != "training.warmup_ratio" if told_apart else value >= 1:
        return ledger.derived("schedule.warmup_steps", int(value), name, path)
    if total is None:
        return None
    formula = f"ceil(total_steps x {name})"
    return ledger.derived("schedule.warmup_steps", ceil(total * value), formula, "schedule.total_steps", path)


def solve_intervals(ledger: Ledger) -> Intervals:
    eval_strategy = ledger.argument("eval_strategy", text)
    logging_steps = ledger.argument("logging_steps", real)
    eval_steps = ledger.argument("eval_steps", real)
    if eval_strategy == "steps" and not eval_steps and _unset(ledger.spec.settings.get("training.eval_steps")):
        # Unset or 0, the Trainer takes the logging interval.
        eval_steps = ledger.derived("training.eval_steps", logging_steps, "logging_steps", "training.logging_steps")
    return Intervals(
        logging_strategy=ledger.argument("logging_strategy", text),
        logging_steps=logging_steps,
        eval_strategy=eval_strategy,
        eval_steps=eval_steps,
        save_strategy=ledger.argument("save_strategy", text),
        save_steps=ledger.argument("save_steps", real),
    )


def _unset(setting: Setting | None) -> bool:
    return setting is None or setting.value is None or setting.value == 0


def solve_data(ledger: Ledger) -> Data:
    return Data(
        train_examples=ledger.given("data.train_examples", positive),
        eval_examples=ledger.given("data.eval_examples", natural),
        packed=ledger.given("data.packed", flag),
        streaming=ledger.given("data.streaming", flag),
    )
