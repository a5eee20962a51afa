"""The first version of FSDP is asked for, and it is on its way out.

Version 2 is the default, and Transformers says with every run that it means to drop version 1. Its checkpoints
and its keys differ: reshard_after_forward is true or false there, and offloading is cpu_offload.

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
from configlint.core.rule import Finding, rule
from configlint.rules.fsdp import settings, version


@rule(Severity.WARNING)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.parallel.data != "fsdp" or plan.parallel.tensor != 1 or version(plan) != 1:
        return
    # That a mesh needs version 2 is an error.
    if plan.parallel.context != 1 or plan.parallel.copies not in (None, 1):
        return
    for path, key, _ in settings(plan):
        if key == "version":
            yield Finding(
                path, "version 1 of FSDP is deprecated since transformers 5.10", "delete it: 2 is the default"
            )
