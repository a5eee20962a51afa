"""A number of steps is 1.0, one step rather than the whole run.

A number below 1 is a share of the run: 0.5 is half of it. 1.0 is one step. As an interval it logs, evaluates or
saves after every step; as a warmup it ends after one.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {eval_strategy: steps, eval_steps: 1.0}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {eval_strategy: steps, eval_steps: 0.5}

Source: transformers 5.23 trainer_callback.py, compute_steps; training_args.py, get_warmup_steps
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument import has_floats

_MEANS = {
    "logging": "logs after every step",
    "eval": "evaluates after every step",
    "save": "saves after every step",
}


@rule(Severity.WARNING, when=has_floats)
def check(plan: Plan) -> Iterator[Finding]:
    for kind, means in _MEANS.items():
        if getattr(plan.intervals, f"{kind}_strategy") == "steps" and _is_ratio(plan.training.get(f"{kind}_steps")):
            yield _finding(plan, f"training.{kind}_steps", means)
    # Until 5.0 it was a number in any case.
    if plan.release.transformers >= (5, 0) and _is_ratio(plan.argument("warmup_steps")):
        yield _finding(plan, plan.path("warmup_steps"), "is a warmup of 1 step, not of the whole run")


def _is_ratio(value: object) -> bool:
    return isinstance(value, float) and value == 1


def _finding(plan: Plan, path: str, means: str) -> Finding:
    remedies = [Put(path, 1), Put(path, 0.1, why="10% of the run")]
    return Finding(path, f"`{plan.name(path)}` 1.0 {means}", remedies)
