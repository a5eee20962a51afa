"""`metric_for_best_model` names something that is logged in training, not a metric of the evaluation.

The Trainer looks the metric up among the results of an evaluation, as `eval_<metric>`. These are the loss and what
the script's compute_metrics returns, so the epoch, the step, the learning rate and what is logged of the training
are not there: the job fails with a KeyError after the first evaluation. It is no error only where compute_metrics
returns one of that name, or `train` is the name of an evaluation set.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training:
      load_best_model_at_end: true
      eval_strategy: epoch
      save_strategy: epoch
      metric_for_best_model: train_loss

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training:
      load_best_model_at_end: true
      eval_strategy: epoch
      save_strategy: epoch
      metric_for_best_model: loss

Source: transformers 5.23 trainer.py, _determine_best_metric, and 4.31 to 4.46, _save_checkpoint; run: 5.23 fails
with a KeyError after the first evaluation
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import text

# What the Trainer logs of the training. Source: transformers 5.23 trainer.py, _maybe_log_save_evaluate, log and
# _finalize_training; trainer_utils.py, speed_metrics.
_LOGGED = (
    "epoch",
    "step",
    "global_step",
    "grad_norm",
    "learning_rate",
    "num_input_tokens_seen",
    "total_flos",
    "train_loss",
    "train_runtime",
    "train_samples_per_second",
    "train_steps_per_second",
    "train_tokens_per_second",
)


# No error: compute_metrics may return anything.
@rule(Severity.WARNING, when=lambda plan: plan.writes("metric_for_best_model"))
def check(plan: Plan) -> Iterator[Finding]:
    path = plan.path("metric_for_best_model")
    metric = text(plan.argument("metric_for_best_model")) or ""
    if metric.removeprefix("eval_") in _LOGGED and plan.intervals.eval_strategy in ("steps", "epoch"):
        message = f"`{plan.name(path)}` must be a metric of the evaluation, got {metric}"
        said = "the job fails after the first evaluation unless compute_metrics returns it"
        yield Finding(path, f"{message}: {said}", [Put(path, "loss")])
