"""The best model is to be loaded at the end, from checkpoints that cannot be loaded.

FSDP and DeepSpeed load a checkpoint together with its optimizer, and save_only_model leaves that out. The Trainer
refuses the two with load_best_model_at_end when it is built: after the queue and the loading of the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    parallel: {data: zero2}
    training: {load_best_model_at_end: true, eval_strategy: steps, save_only_model: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    parallel: {data: zero2}
    training: {load_best_model_at_end: true, eval_strategy: steps, save_only_model: false}

Source: transformers 5.23 trainer.py, create_accelerator_and_postprocess
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import is_fsdp


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    data, training = plan.parallel.data or "", plan.training
    is_deepspeed = data.startswith("zero")
    # Before 4.38 it was not refused.
    if not (is_fsdp(plan) or is_deepspeed) or plan.release.transformers < (4, 38):
        return
    if training.get("save_only_model") is True and training.get("load_best_model_at_end") is True:
        yield Finding(
            "training.save_only_model",
            f"load_best_model_at_end cannot load what save_only_model saves under {data}",
            "delete one of them",
            related=(("training.load_best_model_at_end", "load_best_model_at_end true"),),
        )
