"""The best model is to be loaded at the end, but saving and evaluation follow different strategies.

The Trainer can only load a checkpoint that was saved when it was evaluated, and refuses to start
where the two strategies differ: after the queue, when TrainingArguments is built. That saving is on
by default and evaluation is off makes load_best_model_at_end alone such a case.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {load_best_model_at_end: true, eval_strategy: epoch}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {load_best_model_at_end: true, eval_strategy: epoch, save_strategy: epoch}

Source: transformers 5.23 training_args.py, _validate_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.checkpoint import described

_SAVE = "training.save_strategy"
_STRATEGIES = ("no", "steps", "epoch")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    save, evaluation = plan.intervals.save_strategy, plan.intervals.eval_strategy
    if plan.training.get("load_best_model_at_end") is not True or save == evaluation:
        return
    # `best` asks for no match; a strategy that there is not is another mistake.
    if save not in _STRATEGIES or evaluation not in _STRATEGIES:
        return
    path = plan.path("eval_strategy")
    save_words, eval_words = described(plan, _SAVE, save), described(plan, path, evaluation)
    eval_name = path.rpartition(".")[2]
    write = f"{eval_name}: {save}" if evaluation == "no" else f"save_strategy: {evaluation}"
    given = [place for place in (_SAVE, path) if plan.given(place)]
    yield Finding(
        given[0] if given else "training.load_best_model_at_end",
        f"load_best_model_at_end needs equal strategies, not {save_words} and {eval_words}",
        help=f"write `{write}`",
        related=((path, eval_words),) if len(given) == 2 else (),
    )
