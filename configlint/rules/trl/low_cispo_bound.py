"""The loss cispo clips every ratio to far below 1.

Other losses clip the ratio of new to old probability at 1 + epsilon_high; cispo at epsilon_high itself. With
the default, 0.2, each ratio begins above it: the gradient is a fifth of what it should be, whatever the ratio,
and nothing is clipped for being too large.

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
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import code
from configlint.rules.trl import concerns, is_word


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    if not concerns(plan, {"GRPOTrainer": (0, 26)}) or not is_word(plan, "loss_type", "cispo"):
        return
    name = "epsilon" if plan.argument("epsilon_high") is None else "epsilon_high"
    bound = real(plan.argument(name))
    if bound is not None and bound < 1:
        path = plan.path(name)
        yield Finding(
            path if plan.given(path) else plan.path("loss_type"),
            f"cispo clips every ratio to {name} {code(bound)}, and they begin at 1",
            "write epsilon_high: 5.0, say",
        )
