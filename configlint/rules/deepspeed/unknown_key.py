"""DeepSpeed's config has no such key.

At its top level, what DeepSpeed does not know is passed over without a word: a misspelt `communication_data_type`
is none. In zero_optimization, and in what is there about offloading, it is refused when the engine is built:
after the queue and the loading of the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, deepspeed: {zero_optimization: {overlap_com: true}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, deepspeed: {zero_optimization: {overlap_comm: true}}}

Source: deepspeed 0.19.8 runtime/config.py, DeepSpeedConfig._initialize_params; runtime/config_utils.py,
DeepSpeedConfigModel (extra="forbid"); accelerate 1.15 commands/launch.py and utils/dataclasses.py, DeepSpeedPlugin
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.deepspeed import SECTION, settings, stage
from configlint.rules.deepspeed._keys import KNOWN, REMOVED

# What Accelerate's own file and command call it, and what it is here.
_NODES = "delete it: launch.sh and job.sbatch start all nodes"
_ACCELERATES = {
    "deepspeed_config_file": "write what the file holds here",
    "deepspeed_exclusion_filter": _NODES,
    "deepspeed_hostfile": _NODES,
    "deepspeed_inclusion_filter": _NODES,
    "deepspeed_multinode_launcher": _NODES,
    "offload_optimizer_device": "write `zero_optimization: {offload_optimizer: {device: ...}}`",
    "offload_optimizer_nvme_path": "write `zero_optimization: {offload_optimizer: {nvme_path: ...}}`",
    "offload_param_device": "write `zero_optimization: {offload_param: {device: ...}}`",
    "offload_param_nvme_path": "write `zero_optimization: {offload_param: {nvme_path: ...}}`",
    "zero3_init_flag": "delete it: with zero3 the Trainer's model is loaded in shards",
    "zero3_save_16bit_model": "delete it: stage3_gather_16bit_weights_on_model_save is written for zero3",
    "zero_stage": "delete it: it is `data: zero0` to `data: zero3` in parallel",
}


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is None:
        return
    for key, _ in settings(plan):
        section, _, name = key.rpartition(".")
        known = KNOWN.get(section)
        # A remark is what JSON has no other place for.
        if known is None or name in known or key in REMOVED or name.lstrip("_/#").startswith("comment"):
            continue
        message = f"{section} has no key `{name}`, and DeepSpeed refuses it"
        if not section:
            message = f"there is no key `{name}` in DeepSpeed's config, which passes over it"
        yield Finding(SECTION + key, message, _meant(plan, name, section), on_key=True)


def _meant(plan: Plan, name: str, section: str) -> str | None:
    if name in _ACCELERATES:
        return _ACCELERATES[name]
    elsewhere = next((place for place, keys in KNOWN.items() if place != section and name in keys), None)
    if elsewhere is not None:
        return f"write it in {elsewhere or SECTION.rstrip('.')}"
    close = plan.nearest(name, KNOWN[section])
    return f"did you mean `{close}`?" if close else None
