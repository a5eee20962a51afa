"""An argument of the trainer's config class is in `arguments`.

Both sections end up in one JSON file, so it would take effect. But configlint would not take it into account: the
steps, the schedule and the batch that it checked would not be those of the run.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    arguments: {max_steps: 100}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {max_steps: 100}

Source: transformers 5.23 training_args.py; hf_argparser.py, parse_dict
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Move
from configlint.core.rule import Finding, rule
from configlint.knowledge.naming import owners

# Of which at most one may be true.
_EXCLUDES = {"fp16": "bf16", "bf16": "fp16"}


@rule(Severity.ERROR, fixes=True, when=lambda plan: bool(plan.arguments))
def check(plan: Plan) -> Iterator[Finding]:
    for name in plan.arguments:
        if name not in owners() and name not in plan.training and plan.release.spelling(name):
            path, to = f"arguments.{name}", f"training.{plan.release.spelling(name)}"
            yield Finding(
                path,
                f"`{plan.name(path)}` is an argument of the trainer, not of the script",
                [_remedy(plan, name, path, to)],
                on_key=True,
            )


def _remedy(plan: Plan, name: str, path: str, to: str) -> Drop | Move:
    if plan.given(to):
        return Drop(path, why=f"`{plan.name(to)}` is set too")
    other = _EXCLUDES.get(name, "")
    if plan.training.get(other) is True and plan.arguments[name] is True:
        return Drop(path, why=f"`{plan.name(f'training.{other}')}` is true")
    return Move(path, to, why="configlint takes it into account there", safe=True)
