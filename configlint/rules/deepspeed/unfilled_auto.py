"""Nothing fills in an `auto` of DeepSpeed's config.

The Trainer and Accelerate fill in the batch, the precision, gradient clipping, learning rates and steps, and three
sizes of ZeRO's. Accelerate rejects a config in which another `auto` is left: the job fails after it has queued and
loaded the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {zero_optimization: {overlap_comm: auto}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {zero_optimization: {overlap_comm: true}}}

Source: accelerate 1.1 and 1.15 utils/dataclasses.py, DeepSpeedPlugin.fill_match; accelerator.py,
_prepare_deepspeed; transformers 5.23 integrations/deepspeed.py, trainer_config_process and
trainer_config_finalize
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.knowledge.naming import paths
from configlint.rules.deepspeed import OFFLOADS, SECTION, is_configured, settings, stage

_FILLED = {
    *paths("deepspeed"),
    # In the place of the section that holds one of those, it is another rule's.
    *(name.partition(".")[0] for name in paths("deepspeed")),
    *(f"optimizer.params.{name}" for name in ("lr", "betas", "eps", "weight_decay")),
    *(f"scheduler.params.{name}" for name in ("warmup_min_lr", "warmup_max_lr")),
    *(f"scheduler.params.{name}" for name in ("total_num_steps", "warmup_num_steps")),
    "zero_optimization.reduce_bucket_size",
    *(f"zero_optimization.stage3_{name}" for name in ("prefetch_bucket_size", "param_persistence_threshold")),
    "zero_optimization.stage3_gather_16bit_weights_on_model_save",
    *(f"{section}.{name}" for section in OFFLOADS for name in ("device", "nvme_path")),
}


@rule(Severity.ERROR, fixes=True, when=is_configured)
def check(plan: Plan) -> Iterator[Finding]:
    # Transformers before 5.0 runs with releases of Accelerate that were not looked at.
    if stage(plan) is None or plan.release.transformers < (5, 0):
        return
    for key, setting in settings(plan):
        if setting.value == "auto" and not setting.mapping and key not in _FILLED:
            yield Finding(
                SECTION + key,
                f"nothing fills in `auto` for `{key}`, so Accelerate rejects the config",
                [Drop(SECTION + key, "DeepSpeed then uses its own default", safe=True)],
            )
