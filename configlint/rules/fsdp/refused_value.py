"""A value for FSDP is one that the Trainer refuses, or takes for another.

It reads a few keys as true or false, knows three ways to wrap a model and two forms of a checkpoint; anything
else fails after the queue, when TrainingArguments or the Trainer is built. That reshard_after_forward is true or
false is new with FSDP 2: FULL_SHARD was the word before. Of cpu_offload and the keys for XLA any text is true, also
"false" and `no`, which is a text in YAML 1.2: the job offloads what was to stay.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {reshard_after_forward: FULL_SHARD}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {reshard_after_forward: true}}

Source: transformers 5.23 training_args.py, _process_fsdp_args and str_to_bool;
distributed/configuration_utils.py, DistributedConfig; accelerate 1.15
utils/constants.py; utils/dataclasses.py, FullyShardedDataParallelPlugin.__post_init__ and set_state_dict_type
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import natural
from configlint.core.wording import code, listing
from configlint.rules.argument._kinds import as_boolean
from configlint.rules.fsdp import POLICIES, in_place_of, settings, value, version

_FLAGS = ("cpu_ram_efficient_loading", "activation_checkpointing")
_FLAGS_1 = ("forward_prefetch", "use_orig_params", "sync_module_states", "limit_all_gathers")
_FLAGS_2 = ("reshard_after_forward",)
# The Trainer asks only whether they are true.
_TRUTHS = ("cpu_offload", "xla", "xla_fsdp_v2", "xla_fsdp_grad_ckpt")
_WORDS = ("y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0")
_STRATEGIES = ("FULL_SHARD", "SHARD_GRAD_OP", "NO_SHARD", "HYBRID_SHARD", "HYBRID_SHARD_ZERO2")
_STATES = ("FULL_STATE_DICT", "SHARDED_STATE_DICT")


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    # Before 5.10 the keys were handed on in another way.
    if plan.parallel.data != "fsdp" or plan.release.transformers < (5, 10):
        return
    for path, key, setting in settings(plan):
        if key in _TRUTHS:
            yield from _truth(plan, path, key, setting.value)
        # A model that is sharded when it is loaded is not the Trainer's to shard.
        elif plan.parallel.tensor == 1:
            yield from _value(plan, path, key, setting.value)


def _truth(plan: Plan, path: str, key: str, written: object) -> Iterator[Finding]:
    meant = as_boolean(written, ("boolean",))
    # Where there is tensor parallelism, only true itself is true: backends/distributed_config.py.
    any_text = plan.parallel.tensor == 1
    if not isinstance(written, str) or not written or meant is any_text:
        return
    what = f'and the text "{written}" is true like any other' if any_text else f'not the text "{written}"'
    help = f"write {code(meant)}" if meant is not None else "write true or false"
    fix = None if meant is None else Change(path, value=meant)
    yield Finding(path, f"{key} is true or false, {what}", help, fix=fix)


def _value(plan: Plan, path: str, key: str, written: object) -> Iterator[Finding]:
    """What the Trainer would refuse."""
    flags = _FLAGS + (_FLAGS_1 if version(plan) == 1 else _FLAGS_2)
    if key == "auto_wrap_policy" and written not in POLICIES:
        message = f"auto_wrap_policy is {listing(POLICIES, 'or')}, not {code(written)}"
        yield Finding(path, message, _write(_begun(written, POLICIES)))
    elif key in flags and str(written).lower() not in _WORDS:
        meant = in_place_of(plan, written) if key in _FLAGS_2 else None
        yield Finding(path, f"{key} is true or false, not {code(written)}", meant)
    else:
        yield from _others(plan, path, key, written)


def _begun(written: object, words: tuple[str, ...]) -> str | None:
    """The word of which somebody wrote the beginning, in any case."""
    start = str(written).lower()
    return next((word for word in words if len(start) > 1 and word.lower().startswith(start)), None)


def _write(word: str | None) -> str | None:
    return f"write {word}" if word else None


def _others(plan: Plan, path: str, key: str, written: object) -> Iterator[Finding]:
    number = version(plan)
    if key == "version" and number is None and written is not True:
        yield Finding(path, f"version is 1 or 2, not {code(written)}", "delete it: 2 is the default")
    elif key == "state_dict_type" and isinstance(written, str) and not written.isdigit():
        # Version 1 has a third.
        if written.upper() not in _STATES and not (number == 1 and written.upper() == "LOCAL_STATE_DICT"):
            message = f"state_dict_type is {listing(_STATES, 'or')}, not {code(written)}"
            yield Finding(path, message, _write(_begun(written, _STATES)))
    elif key == "reshard_after_forward" and number == 1 and not _is_strategy(written):
        yield Finding(path, f"with version 1 {key} is {listing(_STRATEGIES, 'or')}, not {code(written)}")
    elif key == "min_num_params" and _is_sized(plan) and (natural(written) is None or isinstance(written, float)):
        yield Finding(path, f"min_num_params is a whole number, not {code(written)}")


def _is_sized(plan: Plan) -> bool:
    return value(plan, "auto_wrap_policy") == "SIZE_BASED_WRAP"


def _is_strategy(written: object) -> bool:
    """The word, or its number."""
    return str(written).upper() in (*_STRATEGIES, "1", "2", "3", "4", "5") and not isinstance(written, bool)
