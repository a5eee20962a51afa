"""The run has no steps, or one that nobody asked for.

With num_train_epochs at 0 or below nothing is trained, and the job ends well. max_steps at 0 does not mean that
the epochs decide: the Trainer does one step before it looks, and ends.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {max_steps: 0, num_train_epochs: 3}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {max_steps: -1, num_train_epochs: 3}

Source: transformers 5.23 trainer.py, set_initial_training_values; run: max_steps 0 trains one step, and
num_train_epochs 0 none
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.wording import code


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    steps, epochs = plan.schedule.max_steps, plan.schedule.epochs
    # Until 4.49 a 0 was as good as -1.
    if steps == 0 and plan.release.transformers >= (4, 49):
        help = "write -1, or delete it: the epochs decide"
        yield Finding("training.max_steps", "max_steps 0 trains one step", help)
    elif steps is not None and steps <= 0 and epochs is not None and epochs <= 0:
        message = f"num_train_epochs {code(epochs)} trains nothing, and max_steps is not given"
        yield Finding("training.num_train_epochs", message, "write more than 0, or max_steps")
