"""The job's own trainer, as far as it decides on samples.

Its class with the Trainer's `__init__` instead of its own, which wants a tokenizer, a data set or rewards. What it
would keep of its arguments it is given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from math import lcm
from typing import Any

from configlint.verify.construct import of_trl


def trainer_class(question: dict[str, Any]) -> Any:
    """The class that the script builds; for one that is nobody's but the user's, the Trainer."""
    import transformers

    kind = getattr(transformers, question["trainer"], None)
    if kind is None and question["config_class"] is not None and find_spec("trl") is not None:
        kind = of_trl(question["trainer"])
    return kind if isinstance(kind, type) and issubclass(kind, transformers.Trainer) else transformers.Trainer


def made(kind: Any, model: Any, arguments: Any, examples: Any) -> Any:
    """A trainer of this class that has its loader and its counts, and nothing to train with."""
    import transformers

    trainer = object.__new__(kind)
    transformers.Trainer.__init__(trainer, model, arguments, train_dataset=examples, eval_dataset=examples)
    for field in dataclasses.fields(arguments):
        if not hasattr(trainer, field.name):
            setattr(trainer, field.name, getattr(arguments, field.name))
    trainer._signature_columns = list(next(iter(examples)))
    # What GRPOTrainer counts in; and of KTOTrainer what is of consequence before transformers 5.2 only.
    trainer._step, trainer._buffered_inputs, trainer.calculate_KL = 0, None, True
    return trainer


def cycle(trainer: Any) -> tuple[int, int]:
    """How many samples are trained of each example, and in how many steps: by trainers that generate, all
    completions of a generation, which are spread over its steps at random.

    Source: trl 1.16 trainer/grpo_trainer.py, _prepare_inputs
    """
    if not _generates(trainer):
        return 1, 1
    accumulation = trainer.args.gradient_accumulation_steps
    batches = trainer.args.steps_per_generation * trainer.num_iterations
    return trainer.num_generations * trainer.num_iterations, lcm(batches, accumulation) // accumulation


def batches(trainer: Any, loader: Any, count: int) -> Iterator[Any]:
    """The first batches that are trained: those of the loader, or what the trainer makes of them."""
    if not _generates(trainer):
        yield from islice(loader, count)
        return
    # A completion, to whom it belongs.
    trainer._generate_and_score_completions = lambda batch: {"input_ids": batch["input_ids"]}
    for batch in islice(loader, count):
        yield trainer._prepare_inputs(batch)
        trainer._step += 1


def left_out(trainer: Any, name: str) -> Iterator[str]:
    """What of the trainer of that name has no part in it, and why."""
    kind = type(trainer)
    if kind.__name__ != name:
        yield f"{name} (its class is unknown: a Trainer stands in)"
    elif not kind.__module__.startswith("transformers."):
        yield f"{name}.__init__ (requires the model and the data)"
    if getattr(trainer.args, "train_sampling_strategy", None) in ("group_by_length", "batch_rebalance"):
        yield "the lengths of the examples (require the data: here all have one length)"


def _generates(trainer: Any) -> bool:
    return hasattr(trainer, "_generate_and_score_completions")
