"""`save_strategy: best` is set without `metric_for_best_model`.

The metric is loss by the Trainer's default only with `load_best_model_at_end`. Without a metric the Trainer raises
an error once the model is loaded.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {save_strategy: best, eval_strategy: epoch}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {save_strategy: best, eval_strategy: epoch, metric_for_best_model: loss}

Source: transformers 5.23 trainer.py, _validate_args; training_args.py, __post_init__
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.schedule import BY_METRIC

_SAVE, _METRIC = "training.save_strategy", "training.metric_for_best_model"


@rule(Severity.ERROR, when=lambda plan: plan.intervals.save_strategy == "best")
def check(plan: Plan) -> Iterator[Finding]:
    # There is no best before 4.47.
    if plan.intervals.save_strategy != "best" or plan.release.transformers < (4, 47):
        return
    if plan.intervals.eval_strategy in (None, "no"):
        return  # checkpoint/best-without-evaluation
    training = plan.training
    if training.get("metric_for_best_model") is not None or training.get("load_best_model_at_end") is True:
        return
    # With these schedules too the metric is loss by default.
    if plan.argument("lr_scheduler_type") not in BY_METRIC:
        message = f"`{plan.name(_SAVE)}` best requires `{plan.name(_METRIC)}`"
        yield Finding(_SAVE, message, [Put(_METRIC, "loss")])
