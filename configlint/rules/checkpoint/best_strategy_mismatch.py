"""`load_best_model_at_end` is set, but saving and evaluation follow different strategies.

The Trainer can only load a checkpoint that was saved when it was evaluated. Where the two strategies differ,
TrainingArguments raises an error and the job fails at its start. By the Trainer's defaults saving is on and
evaluation is off, so `load_best_model_at_end` alone is such a case. With `save_strategy: best` they need not be
equal, except in Transformers 4.47, which added it.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {load_best_model_at_end: true, eval_strategy: epoch}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {load_best_model_at_end: true, eval_strategy: epoch, save_strategy: epoch}

Source: transformers 5.23 training_args.py, _validate_args; 4.47 and 4.48 __post_init__, for `best`
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.rules.checkpoint import described, is_best_compared

_SAVE, _BEST = "training.save_strategy", "training.load_best_model_at_end"
_SAVE_STEPS, _EVAL_STEPS = "training.save_steps", "training.eval_steps"
_STRATEGIES = ("no", "steps", "epoch")


@rule(Severity.ERROR, when=lambda plan: plan.writes("load_best_model_at_end"))
def check(plan: Plan) -> Iterator[Finding]:
    save, evaluation = plan.intervals.save_strategy, plan.intervals.eval_strategy
    if plan.training.get("load_best_model_at_end") is not True or save == evaluation:
        return
    # `best` requires no match but in the release that added it; an unknown strategy is another mistake.
    is_new = save == "best" and is_best_compared(plan) and evaluation != "no"
    if (save not in _STRATEGIES and not is_new) or evaluation not in _STRATEGIES:
        return
    path = plan.path("eval_strategy")
    save_words, eval_words = described(plan, _SAVE, save), described(plan, path, evaluation)
    until = " before transformers 4.48" if is_new else ""
    given = [place for place in (_SAVE, path) if plan.given(place)]
    yield Finding(
        given[0] if given else _BEST,
        f"`{plan.name(_BEST)}` requires equal strategies{until}, got {save_words} and {eval_words}",
        [_remedy(plan, path)],
        related=((path, eval_words),) if len(given) == 2 else (),
    )


def _remedy(plan: Plan, path: str) -> Remedy:
    """The strategy that is off, else that of saving, like the other; with steps that fit, too."""
    intervals = plan.intervals
    save, evaluation = intervals.save_strategy, intervals.eval_strategy
    if evaluation == "no":
        every = intervals.eval_steps or intervals.logging_steps
        act, steps = Put(path, save), Put(_EVAL_STEPS, intervals.save_steps)
    else:
        every = intervals.eval_steps
        act, steps = Put(_SAVE, evaluation), Put(_SAVE_STEPS, intervals.eval_steps)
    # Else best-steps-mismatch would be next.
    fits = not every or intervals.save_steps is None or intervals.save_steps % every == 0
    return act if act.value != "steps" or fits else (act, steps)
