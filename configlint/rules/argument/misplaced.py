"""A field of the trainer's config class is in `arguments`.

Both sections end in one JSON, so it would take effect, but nothing would reckon with it: the steps, the
schedule and the batch that were checked would not be those that are trained.

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
from configlint.core.rule import Finding, rule
from configlint.knowledge.naming import owners


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    for name in plan.arguments:
        if name not in owners() and name not in plan.training and plan.release.spelling(name):
            yield Finding(
                f"arguments.{name}",
                f"`{name}` is a field of the trainer's config class",
                "write it in training, where it is reckoned with",
                on_key=True,
            )
