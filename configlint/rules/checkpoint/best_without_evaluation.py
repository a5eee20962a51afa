"""The best model is asked for, but nothing is evaluated.

With save_strategy best the Trainer saves when an evaluation was the best so far. Without evaluations
it trains to the end and saves nothing at all, and says nothing either. load_best_model_at_end
with both strategies off is let through too, and leaves the last weights in place of the best.

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
from configlint.core.rule import Finding, rule
from configlint.rules.checkpoint import described


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.intervals.eval_strategy != "no":
        return
    path, save = plan.path("eval_strategy"), plan.intervals.save_strategy
    evaluation, name = described(plan, path, "no"), path.rpartition(".")[2]
    related = ((path, evaluation),) if plan.given(path) else ()
    if save == "best":
        yield Finding(
            "training.save_strategy",
            f"save_strategy best saves nothing under {evaluation}",
            help=f"write `{name}: steps`, or another save_strategy",
            related=related,
        )
    elif save == "no" and plan.training.get("load_best_model_at_end") is True:
        # Milder: a callback of the script's own may ask for evaluation and saving.
        yield Finding(
            "training.load_best_model_at_end",
            f"load_best_model_at_end finds no checkpoint under save_strategy no and {evaluation}",
            help=f"write `save_strategy: steps` and `{name}: steps`",
            severity=Severity.WARNING,
            related=related,
        )
