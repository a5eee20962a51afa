"""A value for FSDP is one that the Trainer refuses.

It reads a few keys as true or false, knows three ways to wrap a model and two forms of a checkpoint; anything
else fails after the queue, when TrainingArguments or the Trainer is built. That reshard_after_forward is true or
false is new with FSDP 2: FULL_SHARD was the word before.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {reshard_after_forward: FULL_SHARD}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {reshard_after_forward: true}}

Source: transformers 5.23 training_args.py, _process_fsdp_args and str_to_bool; accelerate 1.15
utils/constants.py; utils/dataclasses.py, FullyShardedDataParallelPlugin.__post_init__ and set_state_dict_type
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule
from configlint.rules.fsdp import settings, value, version
from configlint.values import natural
from configlint.wording import code, listing

_POLICIES = ("TRANSFORMER_BASED_WRAP", "SIZE_BASED_WRAP", "NO_WRAP")
_FLAGS = ("cpu_ram_efficient_loading", "activation_checkpointing")
_FLAGS_1 = ("forward_prefetch", "use_orig_params", "sync_module_states", "limit_all_gathers")
_FLAGS_2 = ("reshard_after_forward",)
_WORDS = ("y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0")
_MEANT = {"full_shard": "true", "hybrid_shard": "true", "shard_grad_op": "false", "no_shard": "false"}
_STRATEGIES = ("FULL_SHARD", "SHARD_GRAD_OP", "NO_SHARD", "HYBRID_SHARD", "HYBRID_SHARD_ZERO2")
_STATES = ("FULL_STATE_DICT", "SHARDED_STATE_DICT")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    # Before 5.10 the keys were handed on in another way.
    if plan.parallel.data != "fsdp" or plan.parallel.tensor != 1 or plan.release.transformers < (5, 10):
        return
    number = version(plan)
    flags = _FLAGS + (_FLAGS_1 if number == 1 else _FLAGS_2)
    for path, key, setting in settings(plan):
        written = setting.value
        if key == "auto_wrap_policy" and written not in _POLICIES:
            known = next((policy for policy in _POLICIES if policy.lower() == str(written).lower()), None)
            message = f"auto_wrap_policy is {listing(_POLICIES, 'or')}, not {code(written)}"
            yield Finding(path, message, f"write {known}" if known else None)
        elif key in flags and str(written).lower() not in _WORDS:
            meant = _MEANT.get(str(written).lower()) if key in _FLAGS_2 else None
            yield Finding(path, f"{key} is true or false, not {code(written)}", f"write {meant}" if meant else None)
        else:
            yield from _others(plan, path, key, written)


def _others(plan: Plan, path: str, key: str, written: object) -> Iterator[Finding]:
    number = version(plan)
    if key == "version" and number is None and written is not True:
        yield Finding(path, f"version is 1 or 2, not {code(written)}", "delete it: 2 is the default")
    elif key == "state_dict_type" and isinstance(written, str) and not written.isdigit():
        # Version 1 has a third.
        if written.upper() not in _STATES and not (number == 1 and written.upper() == "LOCAL_STATE_DICT"):
            yield Finding(path, f"state_dict_type is {listing(_STATES, 'or')}, not {code(written)}")
    elif key == "reshard_after_forward" and number == 1 and not _is_strategy(written):
        yield Finding(path, f"with version 1 {key} is {listing(_STRATEGIES, 'or')}, not {code(written)}")
    elif key == "min_num_params" and _is_sized(plan) and (natural(written) is None or isinstance(written, float)):
        yield Finding(path, f"min_num_params is a whole number, not {code(written)}")


def _is_sized(plan: Plan) -> bool:
    return value(plan, "auto_wrap_policy") == "SIZE_BASED_WRAP"


def _is_strategy(written: object) -> bool:
    """The word, or its number."""
    return str(written).upper() in (*_STRATEGIES, "1", "2", "3", "4", "5") and not isinstance(written, bool)
