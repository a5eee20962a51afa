"""The release that runs the job rejects exactly one warmup step.

Transformers 4.42 and 4.43 take 1 for a mistaken share of the run, so TrainingArguments raises an error and the job
fails at its start. All other releases take it for one step.

Bad:

    transformers: "4.42"
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {warmup_steps: 1}

Good:

    transformers: "4.42"
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {warmup_steps: 2}

Source: transformers 4.42 and 4.43 training_args.py, __post_init__
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.release import written
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule

_RELEASES = ((4, 42), (4, 43))


@rule(Severity.ERROR, when=lambda plan: plan.writes("warmup_steps"))
def check(plan: Plan) -> Iterator[Finding]:
    path, release = "training.warmup_steps", plan.release.transformers
    steps = plan.training.get("warmup_steps")
    # 1.0 is of another type: argument/wrong-type.
    if release in _RELEASES and steps == 1 and isinstance(steps, int) and not isinstance(steps, bool):
        message = f"transformers {written(release)} rejects `{plan.name(path)}` 1, which it reads as a ratio"
        yield Finding(path, message, [Put(path, 2), Put(path, 0)])
