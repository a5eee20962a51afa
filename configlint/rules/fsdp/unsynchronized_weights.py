"""Weights are loaded on one rank only, and not sent to the others.

With cpu_ram_efficient_loading only the first process reads the checkpoint; sync_module_states is what sends its
weights to all others, which would train on random ones. From Transformers 4.41 to 5.9 TrainingArguments rejects
the two, and the job fails at its start; later releases turn sync_module_states on.

Bad:

    transformers: "4.57"
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {cpu_ram_efficient_loading: true, sync_module_states: false}}

Good:

    transformers: "4.57"
    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {cpu_ram_efficient_loading: true}}

Source: transformers 4.41 to 4.57 training_args.py, __post_init__; 5.0 to 5.9 _process_fsdp_args; accelerate 1.15
utils/dataclasses.py, FullyShardedDataParallelPlugin.__post_init__
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.fsdp import is_configured, read


@rule(Severity.ERROR, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    if not (4, 41) <= plan.release.transformers < (5, 10):
        return
    keys = read(plan)
    sync, loading = keys.get("sync_module_states"), keys.get("cpu_ram_efficient_loading")
    # As the class reads them: any word in any case.
    if sync and loading and (str(sync[1].value).lower(), str(loading[1].value).lower()) == ("false", "true"):
        names = [f"`{setting.keys[-1]}`" for _, setting in (sync, loading)]
        yield Finding(
            sync[0],
            f"{names[0]} must be true with {names[1]}, which loads the weights on one rank only",
            [Put(sync[0], True), Put(loading[0], False)],
            related=((loading[0], f"{names[1]} is true"),),
        )
