"""`load_best_model_at_end` is set, but `save_steps` is not a multiple of `eval_steps`.

The Trainer can only load a checkpoint that was evaluated, so `save_steps` must be a multiple of `eval_steps`, and
both must be steps or both shares of the run. Otherwise TrainingArguments raises an error and the job fails at its
start. Without `eval_steps` the Trainer uses `logging_steps`. Before Transformers 4.53 shares are divided without
rounding, so 0.1 is not a multiple of 0.02.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {load_best_model_at_end: true, eval_strategy: steps, eval_steps: 200, save_steps: 500}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {load_best_model_at_end: true, eval_strategy: steps, eval_steps: 200, save_steps: 600}

Source: transformers 5.23 training_args.py, _validate_args; 4.52 and 4.53 __post_init__
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.values import whole
from configlint.rules.checkpoint import described

_SAVE, _EVAL, _LOGGING = "training.save_steps", "training.eval_steps", "training.logging_steps"
_BEST = "training.load_best_model_at_end"
_MILLION = 1_000_000
# The first release in which the check by millionths counts.
_ROUNDS = (4, 53)


@rule(Severity.ERROR, when=lambda plan: plan.writes("load_best_model_at_end"))
def check(plan: Plan) -> Iterator[Finding]:
    intervals = plan.intervals
    save, every = intervals.save_steps, intervals.eval_steps
    if plan.training.get("load_best_model_at_end") is not True or save is None or every is None:
        return
    if not intervals.save_strategy == intervals.eval_strategy == "steps":
        return
    rounds = plan.release.transformers >= _ROUNDS
    if not _is_interval(save) or not _is_interval(every) or every == 0 or _is_multiple(save, every, rounds):
        return
    save_words, eval_words = described(plan, _SAVE, _tidy(save)), described(plan, _EVAL, _tidy(every))
    given = [path for path in (_SAVE, _EVAL, _LOGGING) if plan.given(path)]
    yield Finding(
        given[0] if given else _BEST,
        _message(plan, save, every, save_words, eval_words),
        _remedies(save, every, rounds),
        related=((given[1], eval_words),) if len(given) > 1 and given[0] == _SAVE else (),
    )


def _message(plan: Plan, save: float, every: float, save_words: str, eval_words: str) -> str:
    best = f"with `{plan.name(_BEST)}`"
    if save < 0 or every < 0:
        path, value = (_SAVE, save) if save < 0 else (_EVAL, every)
        return f"`{plan.name(path)}` must be 0 or more {best}, got {_tidy(value)}"
    if (save < 1) == (every < 1):
        why = "; transformers before 4.53 does not round the quotient" if _is_multiple(save, every) else ""
        return f"{save_words} must be a multiple of {eval_words} {best}{why}"
    return f"{save_words} and {eval_words} must both be steps or both shares of the run {best}"


def _remedies(save: float, every: float, rounds: bool) -> list[Remedy]:
    to_save, to_evaluate = Put(_SAVE, _tidy(every)), Put(_EVAL, _tidy(save))
    if save < 0 or every < 0:
        return [to_save if every > 0 else to_evaluate] if max(save, every) > 0 else []
    if (save < 1) == (every < 1):
        return [Put(_SAVE, size) for size in _nearest_multiples(save, every, rounds)] or [to_save]
    return [to_save, to_evaluate]


def _is_interval(steps: float) -> bool:
    """Whether the Trainer gets as far as comparing it: 1.5 is another mistake."""
    return steps < 1 or steps == int(steps)


def _is_multiple(save: float, every: float, rounds: bool = True) -> bool:
    """As the Trainer computes it: exactly, or in millionths for two shares in a release that rounds."""
    if save % every == 0:
        return True
    return rounds and save < 1 and every < 1 and (save * _MILLION) % (every * _MILLION) == 0


def _nearest_multiples(save: float, every: float, rounds: bool) -> Iterator[float]:
    """The nearest below and above of the same kind that the Trainer's own check accepts."""
    if every * _MILLION < 1:
        return
    below = int(save // every)
    sizes = [_tidy(round(factor * every, 6)) for factor in range(below - 1, below + 3)]
    fitting = [
        size for size in sizes if size > 0 and (size < 1) == (every < 1) and _is_multiple(size, every, rounds)
    ]
    yield from sorted(size for size in fitting if size < save)[-1:]
    yield from sorted(size for size in fitting if size > save)[:1]


def _tidy(steps: float) -> float:
    """`500` for 500.0."""
    number = whole(steps)
    return steps if number is None else number
