"""The warmup is as long as the run.

The learning rate rises step by step from 0 and the run ends before it is reached, so the model silently trains at a
part of it. Warmup counts optimizer steps, and a larger batch or more devices leave fewer of them. Of a run of one
step, which only tries whether the job starts, it is an info: its rate is 0 with any warmup.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {train_examples: 640}
    training: {num_train_epochs: 1, warmup_steps: 100}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    data: {train_examples: 640}
    training: {num_train_epochs: 1, warmup_steps: 0.1}

Source: transformers 5.23 optimization.py, get_linear_schedule_with_warmup; run: 100 warmup steps of a run of
10 end at a tenth of learning_rate
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Move, Put
from configlint.core.rule import Finding, rule
from configlint.core.wording import count
from configlint.rules.batch import is_run_wrong, unit
from configlint.rules.schedule._made import WITHOUT_WARMUP, scheduler


@rule(Severity.ERROR, when=lambda plan: bool(plan.schedule.warmup_steps))
def check(plan: Plan) -> Iterator[Finding]:
    total, warmup, name = plan.schedule.total_steps, plan.schedule.warmup_steps, scheduler(plan)
    if not total or not warmup or name is None or name in WITHOUT_WARMUP:
        return
    # Step n of the warmup has (n - 1) / warmup of the rate, in this one n / warmup.
    first_with_all = warmup if name == "cosine_warmup_with_min_lr" else warmup + 1
    if total >= first_with_all:
        return
    if is_run_wrong(plan):
        return
    path = plan.origins["schedule.warmup_steps"].inputs[-1]
    yield Finding(
        path,
        f"a warmup of {count(warmup, 'step')} does not fit into a run of {count(total, 'step')},"
        f" so `{plan.name(plan.path('learning_rate'))}` is never reached",
        [_remedy(plan, path, total)],
        Severity.INFO if total == 1 else None,
        related=tuple(_examples(plan)),
    )


def _remedy(plan: Plan, path: str, total: int) -> Put | Move | Drop:
    """A share where the release takes one; of a run of one step, even that is all of it."""
    if total == 1:
        return Drop(path)
    why = "3% of the run"
    if path.endswith(".warmup_ratio") or plan.release.transformers >= (5, 0):
        return Put(path, 0.03, why)
    return Move(path, "training.warmup_ratio", 0.03, why)


def _examples(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.data.train_examples and (plan.schedule.max_steps or 0) < 0:
        yield "data.train_examples", count(plan.data.train_examples, unit(plan))
