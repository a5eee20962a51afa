"""FSDP saves only shards of the weights.

With SHARDED_STATE_DICT each checkpoint holds one shard for each device, and `save_model` at the end of a script
silently writes no weights: the shards of a checkpoint must be merged before anything else can load them.

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
from configlint.core.remedy import Put, Say
from configlint.core.rule import Finding, rule
from configlint.core.wording import code
from configlint.rules.argument._resolved import is_fsdp
from configlint.rules.fsdp import settings, version


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    # That it cannot be saved alone is checkpoint/sharded-weights-only.
    if not is_fsdp(plan) or version(plan) is None or plan.training.get("save_only_model") is True:
        return
    for path, key, setting in settings(plan):
        if key == "state_dict_type" and str(setting.value).upper() == "SHARDED_STATE_DICT":
            written = f"`{setting.keys[-1]}` {code(setting.value)}"
            merge = Say("run `accelerate merge-weights` on the last checkpoint")
            yield Finding(
                path,
                f"{written} saves only shards; save_model silently writes no weights",
                [Put(path, "FULL_STATE_DICT"), merge],
            )
