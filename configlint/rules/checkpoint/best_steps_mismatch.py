"""The best model is to be loaded at the end, but it is saved at other steps than it is evaluated at.

The Trainer can only load a checkpoint that was evaluated, so save_steps must be a multiple of
eval_steps, and both be steps or both be shares of the run. It refuses to start otherwise: after the
queue, when TrainingArguments is built. Without eval_steps, logging_steps counts.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {load_best_model_at_end: true, eval_strategy: steps, eval_steps: 200, save_steps: 500}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {load_best_model_at_end: true, eval_strategy: steps, eval_steps: 200, save_steps: 600}

Source: transformers 5.23 training_args.py, _validate_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import whole
from configlint.core.wording import listing
from configlint.rules.checkpoint import described

_SAVE, _EVAL, _LOGGING = "training.save_steps", "training.eval_steps", "training.logging_steps"
_MILLION = 1_000_000


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    intervals = plan.intervals
    save, every = intervals.save_steps, intervals.eval_steps
    if plan.training.get("load_best_model_at_end") is not True or save is None or every is None:
        return
    if not intervals.save_strategy == intervals.eval_strategy == "steps":
        return
    if not _is_interval(save) or not _is_interval(every) or every == 0 or _is_multiple(save, every):
        return
    save_words, eval_words = described(plan, _SAVE, _tidy(save)), described(plan, _EVAL, _tidy(every))
    if save < 0 or every < 0:
        negative = save_words if save < 0 else eval_words
        message = f"load_best_model_at_end cannot go with {negative}, which is below 0"
        help = "write a number of steps"
    elif (save < 1) == (every < 1):
        message = f"{save_words} is no multiple of {eval_words}, which load_best_model_at_end needs"
        sizes = [str(size) for size in _nearest_multiples(save, every)]
        help = f"write `save_steps: {listing(sizes, 'or')}`" if sizes else "give them the same value"
    else:
        message = f"load_best_model_at_end cannot mix steps and a share of the run: {save_words}, {eval_words}"
        help = "give both in steps, or both as a share below 1"
    given = [path for path in (_SAVE, _EVAL, _LOGGING) if plan.given(path)]
    yield Finding(
        given[0] if given else "training.load_best_model_at_end",
        message,
        help=help,
        related=((given[1], eval_words),) if len(given) > 1 and given[0] == _SAVE else (),
    )


def _is_interval(steps: float) -> bool:
    """Whether the Trainer gets so far as to compare it: 1.5 is another mistake."""
    return steps < 1 or steps == int(steps)


def _is_multiple(save: float, every: float) -> bool:
    """As the Trainer has it: exactly, or, of two shares, in millionths."""
    if save % every == 0:
        return True
    return save < 1 and every < 1 and (save * _MILLION) % (every * _MILLION) == 0


def _nearest_multiples(save: float, every: float) -> Iterator[float]:
    """The nearest below and above of the same kind, which the Trainer's own check lets through."""
    if every * _MILLION < 1:
        return
    below = int(save // every)
    sizes = [_tidy(round(factor * every, 6)) for factor in range(below - 1, below + 3)]
    fitting = [size for size in sizes if size > 0 and (size < 1) == (every < 1) and _is_multiple(size, every)]
    yield from sorted(size for size in fitting if size < save)[-1:]
    yield from sorted(size for size in fitting if size > save)[:1]


def _tidy(steps: float) -> float:
    """`500` for 500.0."""
    number = whole(steps)
    return steps if number is None else number
