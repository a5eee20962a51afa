"""FSDP version 1 is deprecated.

Version 2 is the Trainer's default, and every run with version 1 warns that Transformers is going to drop it. The
two differ in their checkpoints and keys: in version 2 reshard_after_forward is true or false, and cpu_offload
offloads.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {version: 1}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp}

Source: transformers 5.23 training_args.py, _process_fsdp_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Act, Drop, Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import optimizer
from configlint.rules.fsdp import in_place_of, place, settings, value, version


@rule(Severity.WARNING, when=lambda plan: version(plan) == 1)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.parallel.data != "fsdp" or plan.parallel.tensor != 1 or version(plan) != 1:
        return
    # That a mesh needs version 2 is an error.
    if plan.parallel.context != 1 or plan.parallel.copies not in (None, 1):
        return
    for path, key, _ in settings(plan):
        if key == "version":
            message = "FSDP1 was deprecated in transformers 5.10; the Trainer's default is FSDP2"
            yield Finding(path, message, [(Drop(path), *_sharding(plan), *_of_version_1(plan))])


def _sharding(plan: Plan) -> tuple[Act, ...]:
    """What becomes of the way to shard, which version 2 writes otherwise."""
    path = place(plan, "reshard_after_forward")
    return in_place_of(plan, path) if plan.given(path) else ()


def _of_version_1(plan: Plan) -> Iterator[Act]:
    """What else only version 1 accepts."""
    state, made = place(plan, "state_dict_type"), optimizer(plan)
    if str(value(plan, "state_dict_type")).upper() == "LOCAL_STATE_DICT":
        yield Put(state, "FULL_STATE_DICT")
    if made and made.under_fsdp:
        yield Put(plan.path("optim"), made.under_fsdp)
