"""A value for FSDP is one that the Trainer refuses.

It reads a few keys as true or false and knows three ways to wrap a model; anything else fails after the queue,
when TrainingArguments is built. That reshard_after_forward is such a key is new with FSDP 2: FULL_SHARD was
the word before.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {reshard_after_forward: FULL_SHARD}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {reshard_after_forward: true}}

Source: transformers 5.23 training_args.py, _process_fsdp_args and str_to_bool; accelerate 1.15 utils/constants.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule
from configlint.wording import code, listing

_POLICIES = ("TRANSFORMER_BASED_WRAP", "SIZE_BASED_WRAP", "NO_WRAP")
_FLAGS = ("cpu_ram_efficient_loading", "activation_checkpointing")
_FLAGS_1 = ("forward_prefetch", "use_orig_params", "sync_module_states", "limit_all_gathers")
_FLAGS_2 = ("reshard_after_forward",)
_WORDS = ("y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0")
_MEANT = {"full_shard": "true", "hybrid_shard": "true", "shard_grad_op": "false", "no_shard": "false"}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    # Before 5.10 the keys were handed on in another way.
    if plan.parallel.data != "fsdp" or plan.parallel.tensor != 1 or plan.release.transformers < (5, 10):
        return
    for path, setting in plan.spec.settings.items():
        if setting.mapping or not path.startswith("parallel.fsdp."):
            continue
        key, value = path.removeprefix("parallel.fsdp.").removeprefix("fsdp_"), setting.value
        if key == "auto_wrap_policy" and value not in _POLICIES:
            known = next((policy for policy in _POLICIES if policy.lower() == str(value).lower()), None)
            message = f"auto_wrap_policy is {listing(_POLICIES, 'or')}, not {code(value)}"
            yield Finding(path, message, f"write {known}" if known else None)
        elif key in _flags(plan) and str(value).lower() not in _WORDS:
            meant = _MEANT.get(str(value).lower()) if key in _FLAGS_2 else None
            yield Finding(path, f"{key} is true or false, not {code(value)}", f"write {meant}" if meant else None)


def _flags(plan: Plan) -> tuple[str, ...]:
    versions = [plan.spec.settings.get(f"parallel.fsdp.{key}") for key in ("version", "fsdp_version")]
    is_first = any(setting is not None and str(setting.value) == "1" for setting in versions)
    return _FLAGS + (_FLAGS_1 if is_first else _FLAGS_2)
