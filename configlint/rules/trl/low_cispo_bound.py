"""The loss cispo clips every ratio far below 1.

Other losses clip the ratio of new to old probability at 1 + `epsilon_high`, cispo clips it at `epsilon_high`
itself. GRPOConfig's default of 0.2 is below every ratio at the start: the gradient is a fifth of what it should
be, whatever the ratio, and clipping no longer limits large ratios.

Bad:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    training: {loss_type: cispo}

Good:

    trainer: GRPOTrainer
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    training: {loss_type: cispo, epsilon_high: 5.0}

Source: trl 1.16 trainer/grpo_trainer.py, _compute_loss, as from 0.26 on; arXiv 2510.13786 (ScaleRL) uses 5
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.rules.trl import concerns, is_word, valued


@rule(Severity.WARNING, when=lambda plan: plan.writes("loss_type"))
def check(plan: Plan) -> Iterator[Finding]:
    if not concerns(plan, {"GRPOTrainer": (0, 26)}) or not is_word(plan, "loss_type", "cispo"):
        return
    name = "epsilon" if plan.argument("epsilon_high") is None else "epsilon_high"
    bound = real(plan.argument(name))
    if bound is not None and bound < 1:
        path = plan.path(name)
        yield Finding(
            path if plan.given(path) else plan.path("loss_type"),
            f"cispo clips every ratio at `{plan.name(path)}` {valued(plan, name)}, but ratios start at 1",
            [Put(plan.path("epsilon_high"), 5.0)],
        )
