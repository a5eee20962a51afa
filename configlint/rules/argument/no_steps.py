"""The run ends without training, or after a single step.

With `num_train_epochs` of 0 or less nothing is trained, although the job succeeds. `max_steps: 0` does not leave
the length of the run to `num_train_epochs` as -1 does: the Trainer stops after one step.

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
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.wording import code

_STEPS, _EPOCHS = "training.max_steps", "training.num_train_epochs"


@rule(
    Severity.ERROR,
    when=lambda plan: (plan.schedule.max_steps or 0) <= 0 and plan.writes("max_steps", "num_train_epochs"),
)
def check(plan: Plan) -> Iterator[Finding]:
    steps, epochs = plan.schedule.max_steps, plan.schedule.epochs
    # Until 4.49 a 0 was as good as -1.
    if steps == 0 and plan.release.transformers >= (4, 49):
        message = f"`{plan.name(_STEPS)}` 0 ends the run after one step"
        yield Finding(_STEPS, message, [_by_epochs(plan, epochs)])
    elif steps is not None and steps <= 0 and epochs is not None and epochs <= 0:
        must = f"`{plan.name(_EPOCHS)}` must be more than 0 without `{plan.name(_STEPS)}`, got {code(epochs)}"
        message = f"{must}: the job ends without training"
        yield Finding(_EPOCHS, message, [Put(_EPOCHS, 3), Put(_STEPS, 1000)])


def _by_epochs(plan: Plan, epochs: float | None) -> Remedy:
    """Leave the length of the run to the epochs, of which there must be some."""
    if epochs is not None and epochs <= 0:
        return Drop(_STEPS), Put(_EPOCHS, 3)
    return Put(_STEPS, -1, why=f"`{plan.name(_EPOCHS)}` then sets the length of the run")
