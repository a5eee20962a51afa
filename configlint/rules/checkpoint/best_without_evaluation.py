"""The best model is to be saved or loaded, but nothing is evaluated.

With `save_strategy: best` the Trainer saves when an evaluation was the best so far. Without evaluations it trains
to the end and silently saves nothing. The Trainer also accepts `load_best_model_at_end` with both strategies off
and leaves the last weights instead of the best.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {save_strategy: best, metric_for_best_model: loss}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {save_strategy: best, metric_for_best_model: loss, eval_strategy: epoch}

Source: transformers 5.23 trainer.py, _maybe_log_save_evaluate; trainer_callback.py, DefaultFlowCallback
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.rules.checkpoint import described, is_best_compared

_SAVE, _BEST = "training.save_strategy", "training.load_best_model_at_end"
_METRIC = "training.metric_for_best_model"


@rule(Severity.ERROR, when=lambda plan: plan.intervals.eval_strategy == "no")
def check(plan: Plan) -> Iterator[Finding]:
    if plan.intervals.eval_strategy != "no":
        return
    path, save = plan.path("eval_strategy"), plan.intervals.save_strategy
    evaluation, loads_best = described(plan, path, "no"), plan.training.get("load_best_model_at_end") is True
    related = ((path, evaluation),) if plan.given(path) else ()
    if save == "best":
        # To load the best model, something must be evaluated in any case, and for the metric to have an effect.
        is_bare = not loads_best and not plan.writes("metric_for_best_model")
        evaluated = (Put(path, "steps"), *([Put(_SAVE, "steps")] if is_best_compared(plan) else []))
        remedies: list[Remedy] = (
            [Put(_SAVE, "steps"), (*evaluated, Put(_METRIC, "loss"))] if is_bare else [evaluated]
        )
        message = f"`{plan.name(_SAVE)}` best saves nothing with {evaluation}"
        yield Finding(_SAVE, message, remedies, related=related)
    elif save == "no" and loads_best:
        # Milder: a callback of the script's own may ask for evaluation and saving.
        yield Finding(
            _BEST,
            f"`{plan.name(_BEST)}` finds no checkpoint with `{plan.name(_SAVE)}` no and {evaluation}",
            [(Put(_SAVE, "epoch"), Put(path, "epoch")), Drop(_BEST)],
            severity=Severity.WARNING,
            related=related,
        )
