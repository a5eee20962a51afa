"""The Trainer rejects an FSDP value, or reads it as another one.

A few keys must be true or false, auto_wrap_policy is one of three words and state_dict_type one of two; anything
else fails when TrainingArguments or the Trainer is built, after the job has queued. FSDP2 expects true or false
for reshard_after_forward, where FSDP1 expects words such as FULL_SHARD. For cpu_offload and the XLA keys every
non-empty string counts as true: "false", and `no`, which YAML 1.2 reads as a string. The job then offloads what was
to stay on the device.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {reshard_after_forward: FULL_SHARD}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {reshard_after_forward: true}}

Source: transformers 5.0 to 5.24 training_args.py, _process_fsdp_args and str_to_bool;
distributed/configuration_utils.py, DistributedConfig; accelerate 1.15
utils/constants.py; utils/dataclasses.py, FullyShardedDataParallelPlugin.__post_init__ and set_state_dict_type
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from configlint.core.diagnostic import Severity
from configlint.core.fsdp import KEYS
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.values import natural, whole
from configlint.core.wording import code, listing
from configlint.rules.argument._kinds import as_boolean, as_number
from configlint.rules.fsdp import POLICIES, in_place_of, is_configured, is_first, place, settings, value, version

_FLAGS = ("cpu_ram_efficient_loading", "activation_checkpointing")
_FLAGS_1 = ("forward_prefetch", "use_orig_params", "sync_module_states", "limit_all_gathers")
_FLAGS_2 = ("reshard_after_forward",)
# The Trainer asks only whether they are true.
_TRUTHS = ("cpu_offload", "xla", "xla_fsdp_v2", "xla_fsdp_grad_ckpt")
_WORDS = ("y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0")
_STRATEGIES = ("FULL_SHARD", "SHARD_GRAD_OP", "NO_SHARD", "HYBRID_SHARD", "HYBRID_SHARD_ZERO2")
_STATES = ("FULL_STATE_DICT", "SHARDED_STATE_DICT")


@rule(Severity.ERROR, fixes=True, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.parallel.data != "fsdp" or plan.parallel.tensor is None:
        return
    for path, key, setting in settings(plan):
        if key == "reshard_after_forward" and is_first(plan):
            yield from _strategy(plan, path, setting.value)
        elif plan.release.transformers < KEYS:
            continue  # the keys were handed on in another way
        elif key in _TRUTHS:
            yield from _truth(plan, path, setting.value)
        # A model that is sharded when it is loaded is not the Trainer's to shard.
        elif plan.parallel.tensor == 1:
            yield from _value(plan, path, key, setting.value)


def _truth(plan: Plan, path: str, written: object) -> Iterator[Finding]:
    meant = as_boolean(written, ("boolean",))
    # Where there is tensor parallelism, only true itself is true: backends/distributed_config.py.
    any_text = plan.parallel.tensor == 1
    if not isinstance(written, str) or not written or meant is any_text:
        return
    read = "is non-empty, so it counts as true" if any_text else "counts as false"
    message = f'{_named(path)} must be true or false; the string "{written}" {read}'
    yield Finding(path, message, _either(path) if meant is None else [Put(path, meant, safe=True)])


def _named(path: str) -> str:
    return f"`{path.rpartition('.')[2]}`"


def _either(path: str) -> Sequence[Remedy]:
    return [Put(path, True), Put(path, False)]


def _value(plan: Plan, path: str, key: str, written: object) -> Iterator[Finding]:
    """What the Trainer would refuse."""
    flags = _FLAGS + (_FLAGS_1 if version(plan) == 1 else _FLAGS_2)
    if key == "auto_wrap_policy" and written not in POLICIES:
        word = _begun(written, POLICIES)
        remedy = Put(path, word) if word else Drop(path, f"the Trainer's default is {POLICIES[0]}")
        yield _refused(path, listing(POLICIES, "or"), written, [remedy])
    elif key in flags and str(written).lower() not in _WORDS:
        acts = in_place_of(plan, path) if key in _FLAGS_2 else ()
        yield _refused(path, "true or false", written, [acts] if acts else _either(path))
    else:
        yield from _others(plan, path, key, written)


def _refused(path: str, noun: str, written: object, remedies: Sequence[Remedy]) -> Finding:
    # A string that looks like a number is told from one.
    is_plain = not isinstance(written, str) or written.isidentifier()
    got = code(written) if is_plain else f'the string "{written}"'
    return Finding(path, f"{_named(path)} must be {noun}, got {got}", remedies)


def _begun(written: object, words: tuple[str, ...]) -> str | None:
    """The word of which somebody wrote the beginning, in any case."""
    start = str(written).lower()
    return next((word for word in words if len(start) > 1 and word.lower().startswith(start)), None)


def _others(plan: Plan, path: str, key: str, written: object) -> Iterator[Finding]:
    number = version(plan)
    if key == "version" and number is None and written is not True:
        yield _refused(path, "1 or 2", written, [Drop(path, "the Trainer's default is 2")])
    elif key == "state_dict_type" and isinstance(written, str) and not written.isdigit():
        # Version 1 has a third.
        if written.upper() not in _STATES and not (number == 1 and written.upper() == "LOCAL_STATE_DICT"):
            # What can be loaded is the one to have, unless the other was meant.
            words = dict.fromkeys((_begun(written, _STATES) or _STATES[0], _STATES[0]))
            yield _refused(path, listing(_STATES, "or"), written, [Put(path, word) for word in words])
    elif key == "min_num_params" and _is_sized(plan) and (natural(written) is None or isinstance(written, float)):
        meant = natural(as_number(written, ("integer",))) or natural(whole(written))
        remedy = Drop(path) if meant is None else Put(path, meant)
        yield _refused(path, "an integer of 0 or more", written, [remedy])


def _strategy(plan: Plan, path: str, written: object) -> Iterator[Finding]:
    """The first version refuses what is no word or number of a strategy; it has FULL_SHARD, whatever is written."""
    words = (*_STRATEGIES, *map(str, range(1, len(_STRATEGIES) + 1)))
    if str(written).upper() in words and not isinstance(written, bool):
        return
    remedies: list[Remedy] = [Drop(path, "FSDP1 always shards fully")]
    if written is False:
        remedies.insert(0, Drop(place(plan, "version"), "FSDP2 reads it"))
    if plan.parallel.tensor == 1:
        yield _refused(path, f"{listing(_STRATEGIES, 'or')} with FSDP1", written, remedies)


def _is_sized(plan: Plan) -> bool:
    return value(plan, "auto_wrap_policy") == "SIZE_BASED_WRAP"
