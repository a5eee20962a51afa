"""`auto` stands where nobody fills it in.

The Trainer and Accelerate fill in the batch, the precision, the clipping, the rates and steps, and three sizes of
ZeRO's; DeepSpeed drops an `auto` of its own sections. Anywhere else the word itself gets to the optimizer, the
schedule or the engine: it fails there, or counts as true.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: AdamW, params: {lr: auto, torch_adam: auto}}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: AdamW, params: {lr: auto, torch_adam: true}}}}

Source: transformers 5.23 integrations/deepspeed.py, trainer_config_process and trainer_config_finalize; deepspeed
0.19.8 runtime/config.py; runtime/config_utils.py, DeepSpeedConfigModel
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.diagnostic import Severity
from configlint.plan import Plan
from configlint.rule import Finding, rule
from configlint.rules.deepspeed import SECTION, settings, stage

_FILLED = {
    "optimizer.params": ("lr", "betas", "eps", "weight_decay"),
    "scheduler.params": ("warmup_min_lr", "warmup_max_lr", "total_num_steps", "warmup_num_steps"),
}
# Of the engine itself; the batch, the accumulation and the clipping are derived.
_PLAIN = (
    *("communication_data_type", "dump_state", "gradient_predivide_factor", "memory_breakdown"),
    *("prescale_gradients", "wall_clock_breakdown", "zero_force_ds_cpu_optimizer"),
)


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if stage(plan) is None:
        return
    for key, setting in settings(plan):
        section, _, name = key.rpartition(".")
        if setting.value != "auto" or setting.mapping:
            continue
        if key in _PLAIN or (section in _FILLED and name not in _FILLED[section]):
            message = f"nobody fills in {key}, so DeepSpeed gets the word `auto`"
            yield Finding(SECTION + key, message, "write a value, or delete it: DeepSpeed has a default of its own")
