"""A variable of the shell stands in an argument, where nothing puts its value in.

training_args.json is read as it stands: checkpoints go to a folder that is called `$SCRATCH` below the workdir, and
a run is called `$SLURM_JOB_ID`.

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
from configlint.core.rule import Finding, rule
from configlint.rules._variables import variable


# The arguments of a script may be another matter: its parser is its own.
@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    for name, value in plan.training.items():
        if isinstance(value, str) and (found := variable(value)):
            message = f"nothing puts a value in for `{found}` in {name}: it is taken as it stands"
            yield Finding(f"training.{name}", message, "write the value itself")
