"""A number of steps is 1.0, which is one step and not the whole run.

Below 1 such a number is a share of the run, and 0.5 is half of it; 1.0 is every step all the same. As an
interval it evaluates or saves after each step, as a warmup it is over after one.

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
from configlint.core.rule import Finding, rule

_HAPPENS = {"logging": "logs every step", "eval": "evaluates every step", "save": "saves every step"}


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    for kind, happens in _HAPPENS.items():
        if getattr(plan.intervals, f"{kind}_strategy") == "steps" and _is_ratio(plan.training.get(f"{kind}_steps")):
            yield _finding(f"training.{kind}_steps", happens)
    # Until 5.0 it was a number in any case.
    if plan.release.transformers >= (5, 0) and _is_ratio(plan.argument("warmup_steps")):
        yield _finding(plan.path("warmup_steps"), "is a warmup of one step")


def _is_ratio(value: object) -> bool:
    return isinstance(value, float) and value == 1


def _finding(path: str, happens: str) -> Finding:
    return Finding(path, f"{path.rpartition('.')[2]} 1.0 {happens}", "write 1 if that is meant; a share is below 1")
