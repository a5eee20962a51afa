"""Optimizer steps, as Transformers counts them.

Source: transformers 4.30 to 5.24 trainer.py, set_initial_training_values (once _inner_training_loop) and
training_args.py, get_warmup_steps. Of generations: trl 1.16 trainer/utils.py, RepeatSampler, and
trainer/grpo_config.py, __post_init__; trl 0.15 to 0.17 trainer/grpo_trainer.py.
"""

from __future__ import annotations

from math import ceil, floor

from configlint.core.plan import Batch, Data, Generation, Intervals, Parallel, Schedule
from configlint.core.spec import Setting
from configlint.core.values import AT_RUNTIME, flag, natural, positive, real, text, whole
from configlint.solver.epochs import batches_of_epoch, counts_completions, last_step
from configlint.solver.ledger import Ledger

# Since when each prompt of a step is generated once for all its micro-batches.
_BATCHED_SINCE = (0, 16)
# Since when batches that are left over at the end of an epoch make a step that is counted.
_LEFT_OVER_SINCE = (4, 52)


def solve_schedule(
    ledger: Ledger, batch: Batch, data: Data, replicas: int | None, generation: Generation | None
) -> Schedule:
    epochs = ledger.argument("num_train_epochs", real)
    max_steps = ledger.argument("max_steps", whole)
    batches = None
    if not data.streaming and counts_completions(ledger):
        batches = _generated(ledger, data, generation) if generation else None
    elif not data.streaming:
        batches = batches_of_epoch(ledger, batch, data, replicas)
    steps, total = _steps_per_epoch(ledger, batch, batches), None
    # Even with 0 the Trainer does one step before it looks; until 4.48, 0 left it to the epochs.
    least = 0 if ledger.release.transformers >= (4, 49) else 1
    if max_steps is not None and max_steps >= least:
        formula = "max_steps" if max_steps else "max(max_steps, 1)"
        total = ledger.derived("schedule.total_steps", max(max_steps, 1), formula, "training.max_steps")
    elif steps and epochs and epochs > 0 and max_steps is not None:
        inputs = ("training.num_train_epochs", "schedule.steps_per_epoch")
        total = ceil(epochs * steps)
        ledger.derived("schedule.total_steps", total, "ceil(num_train_epochs x steps_per_epoch)", *inputs)
    last = _last_step(ledger, batch, data, replicas, batches, total)
    return Schedule(batches, steps, last, epochs, max_steps, total, _warmup(ledger, total))


def _last_step(
    ledger: Ledger, batch: Batch, data: Data, replicas: int | None, batches: int | None, total: int | None
) -> int | None:
    """Its samples, where a run comes to the end of an epoch, or of a pass over a stream."""
    examples, per_device, accumulation = data.train_examples, batch.per_device, batch.accumulation
    if ledger.release.transformers < _LEFT_OVER_SINCE or not replicas or not per_device or not accumulation:
        return None
    if data.streaming and examples and not counts_completions(ledger):
        batches = ceil(examples / (per_device * replicas))
        if batches % accumulation:
            return None  # the step goes on with the next pass
    if not batches or (total is not None and total < ceil(batches / accumulation)):
        return None
    return last_step(ledger, batch, data, replicas, batches)


def _steps_per_epoch(ledger: Ledger, batch: Batch, batches: int | None) -> int | None:
    if batches is None or not batch.accumulation:
        return None
    to_whole = ceil if ledger.release.transformers >= _LEFT_OVER_SINCE else floor
    steps = to_whole(batches / batch.accumulation)
    formula = f"{to_whole.__name__}(batches_per_epoch / accumulation)" if steps else "1, the minimum of an epoch"
    inputs = ("schedule.batches_per_epoch", "batch.accumulation")
    return ledger.derived("schedule.steps_per_epoch", max(steps, 1), formula, *inputs)


def solve_generation(ledger: Ledger, batch: Batch, parallel: Parallel) -> Generation | None:
    """What is generated at a time; None for other trainers, where it is unknown, or not of whole groups."""
    size, world = batch.per_device, parallel.world
    if not counts_completions(ledger) or (ledger.release.trl or _BATCHED_SINCE) < _BATCHED_SINCE:
        return None
    if not size or not world or world != parallel.replicas:
        return None
    micro, group = size * world, ledger.argument("num_generations", positive)
    steps, iterations = _steps_per_generation(ledger, batch, micro), _own(ledger, "num_iterations", 1)
    if not group or not steps or not iterations or (steps * micro) % group:
        return None
    prompts = "schedule.prompts_per_generation"
    paths = ("batch.per_device", "replicas", "schedule.steps_per_generation", ledger.path("num_generations"))
    formula = "per_device x replicas x steps_per_generation / num_generations"
    ledger.derived(prompts, steps * micro // group, formula, *paths)
    return Generation(group, steps * micro, steps, iterations)


def _steps_per_generation(ledger: Ledger, batch: Batch, micro: int) -> int | None:
    """The micro-batches that a generation batch lasts for: as written, or the accumulation."""
    path = "schedule.steps_per_generation"
    steps, size = (_own(ledger, name, 0) for name in ("steps_per_generation", "generation_batch_size"))
    if steps is None or size is None:
        return None
    if steps:
        return ledger.derived(path, steps, "steps_per_generation", ledger.path("steps_per_generation"))
    if size:
        inputs = (ledger.path("generation_batch_size"), "batch.per_device", "replicas")
        formula = "generation_batch_size / (per_device x replicas)"
        return None if size % micro else ledger.derived(path, size // micro, formula, *inputs)
    return ledger.derived(path, batch.accumulation, "accumulation", "batch.accumulation")


def _own(ledger: Ledger, name: str, default: int | None) -> int | None:
    """An argument that the release may not have, and that may be left open."""
    setting = ledger.spec.settings.get(ledger.path(name))
    if name not in ledger.release.arguments:
        return default
    value = ledger.argument(name, positive)
    return default if value is None and (setting is None or setting.value is None) else value


def _generated(ledger: Ledger, data: Data, generation: Generation) -> int | None:
    """Micro-batches of completions that one rank trains in an epoch of prompts."""
    if data.train_examples is None:
        return None
    number = generation.batches(data.train_examples)
    formula = "floor(train_examples / prompts_per_generation) x steps_per_generation"
    inputs = ["data.train_examples", "schedule.prompts_per_generation", "schedule.steps_per_generation"]
    if (path := ledger.path("num_iterations")) in ledger.origins:
        formula, inputs = f"{formula} x num_iterations", [*inputs, path]
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
    return setting is None or (setting.value is not AT_RUNTIME and setting.value in (None, 0))


def solve_data(ledger: Ledger) -> Data:
    return Data(
        train_examples=ledger.given("data.train_examples", positive),
        eval_examples=ledger.given("data.eval_examples", natural),
        packed=ledger.given("data.packed", flag),
        streaming=ledger.given("data.streaming", flag),
    )
