"""A shell variable is used in an argument, where it is not expanded.

The Trainer uses the text literally: checkpoints go to a folder named `$SCRATCH` in the working directory, and a
run is named `$SLURM_JOB_ID`.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {output_dir: $SCRATCH/out}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {output_dir: /scratch/me/out}

Source: transformers 5.23 hf_argparser.py, parse_json_file; training_args.py, __post_init__ (only a `~` is expanded)
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.rules._variables import variable


# The arguments of a script may be another matter: its parser is its own.
@rule(Severity.WARNING, when=lambda plan: any("$" in str(value) for value in plan.training.values()))
def check(plan: Plan) -> Iterator[Finding]:
    for name, value in plan.training.items():
        if isinstance(value, str) and (found := variable(value)):
            path = f"training.{name}"
            message = f"`{found}` in `{plan.name(path)}` is not expanded; it is used literally"
            yield Finding(path, message, [Say(f"write the value of `{found}` in its place")])
