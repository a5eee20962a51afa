"""A mapping has a key that its reader does not know.

An unknown key in `accelerator_config` is rejected when the config class is built, one in its
`gradient_accumulation_kwargs` when the Trainer is built.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {accelerator_config: {split_batch: true}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {accelerator_config: {even_batches: true}}

Source: transformers 5.23 trainer_pt_utils.py, AcceleratorConfig; accelerate 1.15 utils/dataclasses.py,
GradientAccumulationPlugin
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Say
from configlint.core.rule import Finding, rule
from configlint.core.values import mapping

_ACCUMULATION = ("num_steps", "adjust_scheduler", "sync_with_dataloader", "sync_each_batch")


@rule(Severity.ERROR, when=lambda plan: plan.writes("accelerator_config"))
def check(plan: Plan) -> Iterator[Finding]:
    config = mapping(plan.training.get("accelerator_config")) or {}
    if config:
        known = plan.release.others["AcceleratorConfig"].held()
        yield from _unknown(plan, "training.accelerator_config", "accelerator_config", config, known or config)
    inner = mapping(config.get("gradient_accumulation_kwargs")) or {}
    yield from _unknown(plan, "training.accelerator_config", "gradient_accumulation_kwargs", inner, _ACCUMULATION)


def _unknown(plan: Plan, path: str, name: str, keys: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
    for key in keys:
        if key not in known:
            close = plan.nearest(key, known)
            help = f"did you mean `{close}`?" if close else f"remove `{key}`"
            yield Finding(path, f"`{name}` has no key `{key}`", [Say(help)])
