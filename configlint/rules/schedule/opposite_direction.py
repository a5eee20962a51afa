"""The learning rate follows a metric in the wrong direction.

reduce_lr_on_plateau and greedy ignore greater_is_better: they read `mode` in lr_scheduler_kwargs, by default `min`,
where lower is better. With accuracy as the metric they count no improvement and silently lower the rate to almost
zero while the model learns.

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
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import flag, text
from configlint.core.wording import code
from configlint.rules.schedule import BY_METRIC, is_by_metric
from configlint.rules.schedule._made import scheduler, scheduler_kwargs, with_kwargs


@rule(Severity.ERROR, when=is_by_metric)
def check(plan: Plan) -> Iterator[Finding]:
    name, mode = scheduler(plan), scheduler_kwargs(plan).get("mode", "min")
    if name not in BY_METRIC or mode not in ("min", "max") or plan.intervals.eval_strategy in (None, "no"):
        return
    if plan.release.arguments.get("lr_scheduler_kwargs") is None:
        return
    metric = text(plan.argument("metric_for_best_model")) or "loss"
    written = flag(plan.argument("greater_is_better"))
    greater = not metric.endswith("loss") if written is None else written
    if greater == (mode == "max"):
        return
    kwargs, better = plan.path("lr_scheduler_kwargs"), plan.path("greater_is_better")
    given, places = scheduler_kwargs(plan), (better, plan.path("metric_for_best_model"))
    # What is better in a metric of one's own is a guess of the Trainer.
    sure = written is not None or metric.endswith("loss")
    means = f"`{plan.name(better)}` {code(greater)}" + _default(f"the Trainer's default for {metric}", written)
    follows = f"`mode` {mode}" + _default(f"{name}'s default", given.get("mode"))
    remedies = with_kwargs(kwargs, {**given, "mode": "max" if greater else "min"})
    if written is not None or not sure:
        remedies.append(Put(better, not greater))
    yield Finding(
        next((path for path in places if plan.given(path)), kwargs),
        f"{means} contradicts {follows}, so {name} lowers the rate while {metric} improves",
        remedies,
        None if sure else Severity.WARNING,
    )


def _default(whose: str, written: object) -> str:
    return f" ({whose})" if written is None else ""
