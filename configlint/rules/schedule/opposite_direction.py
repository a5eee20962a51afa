"""The learning rate follows a metric the wrong way round.

reduce_lr_on_plateau and greedy take a lower value for the better one, whatever greater_is_better says:
`mode` in lr_scheduler_kwargs is theirs, and `min` by default. With accuracy as the metric every improvement
counts as none, and the rate goes to nothing while the model learns; without a word.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {lr_scheduler_type: reduce_lr_on_plateau, eval_strategy: epoch, metric_for_best_model: accuracy}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training:
      lr_scheduler_type: reduce_lr_on_plateau
      lr_scheduler_kwargs: {mode: max}
      eval_strategy: epoch
      metric_for_best_model: accuracy

Source: transformers 5.23 optimization.py, get_reduce_on_plateau_schedule and GreedyLR; trainer.py, _evaluate;
run: ten rising values take a rate of 5e-05 to 5e-09
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import flag, text
from configlint.core.wording import code
from configlint.rules.schedule import BY_METRIC
from configlint.rules.schedule._made import scheduler, scheduler_kwargs


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    name, mode = scheduler(plan), scheduler_kwargs(plan).get("mode", "min")
    if name not in BY_METRIC or mode not in ("min", "max") or plan.intervals.eval_strategy == "no":
        return
    if plan.release.arguments.get("lr_scheduler_kwargs") is None:
        return
    metric = text(plan.argument("metric_for_best_model")) or "loss"
    written = flag(plan.argument("greater_is_better"))
    greater = not metric.endswith("loss") if written is None else written
    if greater == (mode == "max"):
        return
    right = "max" if greater else "min"
    path = next(
        (path for path in map(plan.path, ("greater_is_better", "metric_for_best_model")) if plan.given(path)),
        "training.lr_scheduler_kwargs",
    )
    means = f"greater_is_better {code(greater)}" + ("" if written is not None else f", the default for {metric},")
    yield Finding(
        path,
        f"{means} and mode {mode} of {name} are opposite: what one takes for better is worse to the other",
        f"write `lr_scheduler_kwargs: {{mode: {right}}}`, or `greater_is_better: {code(not greater)}`",
        # What is better in a metric of one's own is a guess of the Trainer.
        None if written is not None or metric.endswith("loss") else Severity.WARNING,
    )
