"""An FSDP setting has no effect in this config.

The Trainer passes some keys to version 1 of FSDP only, and reads what to wrap by the policy that is chosen. With
tensor parallelism the model is sharded when it is loaded, as distributed_config.json says, and the Trainer's FSDP
is not used at all: a key that was to save memory does not.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {backward_prefetch: BACKWARD_PRE}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {reshard_after_forward: false}}

Source: transformers 5.0, 5.4, 5.10, 5.13, 5.18, 5.21 and 5.23 training_args.py, _process_fsdp_args;
distributed/configuration_utils.py, DistributedConfig; accelerate 1.6, 1.10 and 1.15 utils/dataclasses.py,
FullyShardedDataParallelPlugin (`sharding_strategy` is FULL_SHARD where nothing sets it, and wins)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Move, Put, Remedy
from configlint.core.rule import Finding, Row, rule
from configlint.core.spec import Setting
from configlint.core.values import natural
from configlint.core.wording import code
from configlint.rules.argument._resolved import activation_checkpointing, is_fsdp
from configlint.rules.fsdp import POLICIES, STRATEGIES, is_configured, is_first, place, settings, value, version

# What only version 1 is handed, and what version 2 does in any case.
_FIRST = {
    "backward_prefetch": "no_prefetch",
    "forward_prefetch": "false",
    "limit_all_gathers": "true",
    "sync_module_states": "true",
    "use_orig_params": "true",
}
# What is read with one way to wrap alone.
_POLICIES = {"min_num_params": "SIZE_BASED_WRAP", "transformer_layer_cls_to_wrap": "TRANSFORMER_BASED_WRAP"}
# What asks for no more than a model that is sharded when it is loaded gets.
_PLAIN = {
    "activation_checkpointing": "false",
    "auto_wrap_policy": "transformer_based_wrap",
    "cpu_offload": "false",
    "cpu_ram_efficient_loading": "false",
    "reshard_after_forward": "true",
    "version": "2",
}
_OFFLOAD = "parallel.fsdp.cpu_offload"


_ROWS = {
    "setting-with-tensor": Row(
        "The setting has no effect on a model that is sharded when it is loaded.", fixes=True
    ),
    "fsdp1-setting-with-fsdp2": Row("Only FSDP1 reads the setting.", fixes=True),
    "strategy-with-fsdp1": Row("FSDP1 shards fully, whatever `reshard_after_forward` is."),
    "setting-of-other-policy": Row("The `auto_wrap_policy` does not read the setting."),
}


@rule(Severity.WARNING, rows=_ROWS, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.parallel.data != "fsdp":
        return
    known = plan.release.others["fsdp_config"].held()
    for path, key, setting in settings(plan):
        if setting.value is None or key not in known or plan.spec.is_shared(setting):
            continue
        if plan.parallel.tensor not in (None, 1):
            yield from _sharded_when_loaded(plan, path, key, setting)
        elif is_fsdp(plan) and is_first(plan) and key == "reshard_after_forward":
            yield from _shards_fully(path, setting)
        elif is_fsdp(plan) and version(plan) is not None:
            yield from _not_handed_on(plan, path, key, setting)


def _sharded_when_loaded(plan: Plan, path: str, key: str, setting: Setting) -> Iterator[Finding]:
    if path == _OFFLOAD or str(setting.value).lower() == _PLAIN.get(key):
        return
    tensor = f"`{plan.name('parallel.tensor')}`"
    why = f"with {tensor} {plan.parallel.tensor}: the model is sharded when it is loaded"
    yield Finding(
        path,
        f"`{setting.keys[-1]}` has no effect {why}",
        [_otherwise(plan, path, key)],
        on_key=True,
        related=(("parallel.tensor", f"{tensor} is {plan.parallel.tensor}"),),
        row="setting-with-tensor",
    )


def _otherwise(plan: Plan, path: str, key: str) -> Remedy:
    """What has the same effect on a model that is sharded when it is loaded."""
    if key == "activation_checkpointing":
        trainers = Put(plan.path("activation_checkpointing"), True)
        return Drop(path) if activation_checkpointing(plan) else (Drop(path), trainers)
    if key == "cpu_offload":
        return Drop(path) if plan.given(_OFFLOAD) else Move(path, _OFFLOAD, True)
    return Drop(path, safe=True)


def _shards_fully(path: str, setting: Setting) -> Iterator[Finding]:
    written = str(setting.value).lower()
    word = STRATEGIES.get(written, written)
    # What is no strategy is refused.
    if word in STRATEGIES.values() and word != "full_shard":
        message = f"`{setting.keys[-1]}` {code(setting.value)} has no effect: FSDP1 always shards fully"
        yield Finding(path, message, [Drop(path)], on_key=True, row="strategy-with-fsdp1")


def _not_handed_on(plan: Plan, path: str, key: str, setting: Setting) -> Iterator[Finding]:
    name = setting.keys[-1]
    if key in _FIRST and version(plan) == 2:
        severity = Severity.INFO if str(setting.value).lower() == _FIRST[key] else None
        message, drop = f"`{name}` has no effect with FSDP2", Drop(path, safe=True)
        yield Finding(path, message, [drop], severity, on_key=True, row="fsdp1-setting-with-fsdp2")
    policy = value(plan, "auto_wrap_policy")
    # A policy that there is none of is refused.
    if policy not in (None, *POLICIES):
        return
    if key in _POLICIES and setting.value != 0 and (policy or "TRANSFORMER_BASED_WRAP") != _POLICIES[key]:
        chosen = code(policy) if policy else "TRANSFORMER_BASED_WRAP (the Trainer's default)"
        message = f"`{name}` has no effect: `auto_wrap_policy` is {chosen}"
        remedies = _wrapping(plan, path, key, setting)
        yield Finding(path, message, remedies, on_key=True, row="setting-of-other-policy")


def _wrapping(plan: Plan, path: str, key: str, setting: Setting) -> Sequence[Remedy]:
    """The policy that reads the key, if its value is one that the policy takes."""
    if key == "min_num_params" and natural(setting.value) is None:
        return [Drop(path)]
    return [Put(place(plan, "auto_wrap_policy"), _POLICIES[key]), Drop(path)]
