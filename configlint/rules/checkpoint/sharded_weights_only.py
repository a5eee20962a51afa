"""`save_only_model` is set with sharded checkpoints.

Sharded checkpoints are for resuming, but `save_only_model` leaves out what resuming requires. The Trainer
rejects the combination once the model is loaded.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {state_dict_type: SHARDED_STATE_DICT}}
    training: {save_only_model: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {state_dict_type: FULL_STATE_DICT}}
    training: {save_only_model: true}

Source: transformers 5.23 trainer.py, create_accelerator_and_postprocess
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import is_fsdp
from configlint.rules.checkpoint import sharded_states

_ONLY = "training.save_only_model"


@rule(Severity.ERROR, when=lambda plan: plan.writes("save_only_model"))
def check(plan: Plan) -> Iterator[Finding]:
    if not is_fsdp(plan) or plan.release.transformers < (4, 50):
        return
    # With load_best_model_at_end it is checkpoint/unloadable-best.
    if plan.training.get("save_only_model") is not True or plan.training.get("load_best_model_at_end") is True:
        return
    only = plan.name(_ONLY)
    for path in sharded_states(plan):
        yield Finding(
            path,
            f"`{plan.name(path)}` must be FULL_STATE_DICT with `{only}`, got SHARDED_STATE_DICT",
            [Put(path, "FULL_STATE_DICT")],
            related=((_ONLY, f"`{only}` is true"),),
        )
