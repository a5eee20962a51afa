"""FSDP leaves no weights that can be loaded, only shards.

With SHARDED_STATE_DICT each checkpoint holds every device's part, and `save_model` at the end of a script writes
no weights, without a word: they must be put together from a checkpoint before anything else can read them.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {state_dict_type: SHARDED_STATE_DICT}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {state_dict_type: FULL_STATE_DICT}}

Source: transformers 5.10 and 5.23 trainer.py, save_model; training_args.py, _process_fsdp_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import is_fsdp
from configlint.rules.fsdp import settings, version


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    # That it cannot be saved alone is checkpoint/sharded-weights-only.
    if not is_fsdp(plan) or version(plan) is None or plan.training.get("save_only_model") is True:
        return
    for path, key, setting in settings(plan):
        if key == "state_dict_type" and str(setting.value).upper() == "SHARDED_STATE_DICT":
            yield Finding(
                path,
                "only shards are saved with SHARDED_STATE_DICT, and save_model writes no weights",
                "delete it, or run `accelerate merge-weights` on the last checkpoint",
            )
