"""Only the model is to be saved, in shards.

Shards are a form of checkpoints that are to be resumed from, and save_only_model makes those that are not. The
Trainer refuses the two when it is built: after the queue and the loading of the model.

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
from configlint.core.rule import Finding, rule
from configlint.core.values import text
from configlint.rules.argument._resolved import is_fsdp

_PATHS = ("parallel.fsdp.state_dict_type", "parallel.fsdp.fsdp_state_dict_type")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if not is_fsdp(plan) or plan.release.transformers < (4, 50):
        return
    # With load_best_model_at_end it is checkpoint/unloadable-best.
    if plan.training.get("save_only_model") is not True or plan.training.get("load_best_model_at_end") is True:
        return
    for path in _PATHS:
        setting = plan.spec.settings.get(path)
        if setting and (text(setting.value) or "").upper() == "SHARDED_STATE_DICT":
            yield Finding(
                path,
                "save_only_model cannot save SHARDED_STATE_DICT",
                "write FULL_STATE_DICT, or delete save_only_model",
                related=(("training.save_only_model", "save_only_model true"),),
            )
