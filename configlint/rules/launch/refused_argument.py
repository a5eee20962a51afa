"""The script rejects a setting in `arguments`, because none of its dataclasses has it.

HfArgumentParser.parse_json_file raises an error for a key that it does not know, so the job fails as soon as it
starts. Nothing is reported where the text of the script does not say for certain what it takes.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    arguments: {model_name: Qwen/Qwen3-8B}
    launch: {script: parses.py}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    arguments: {model_name_or_path: Qwen/Qwen3-8B}
    launch: {script: parses.py}

Source: transformers 4.30 to 5.24 hf_argparser.py, parse_dict
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Meant, Remedy
from configlint.core.rule import Finding, rule


@rule(Severity.WARNING, when=lambda plan: plan.spec.script_takes is not None)
def check(plan: Plan) -> Iterator[Finding]:
    takes = plan.spec.script_takes or frozenset(plan.arguments)
    for name in plan.arguments:
        if name not in takes:
            path = f"arguments.{name}"
            message = f"{plan.launch.script} rejects `{plan.name(path)}`: none of its dataclasses has this field"
            yield Finding(path, message, [_remedy(plan, name, takes)], on_key=True)


def _remedy(plan: Plan, name: str, takes: frozenset[str]) -> Remedy:
    path = f"arguments.{name}"
    close = plan.nearest(name, sorted(each for each in takes if not plan.release.lives(each)))
    return Meant(path, f"arguments.{close}") if close and not plan.given(f"arguments.{close}") else Drop(path)
