"""`load_best_model_at_end` is set, but the checkpoints cannot be loaded.

FSDP and DeepSpeed load a checkpoint together with its optimizer state, which `save_only_model` leaves out. The
Trainer rejects the combination once the model is loaded.

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
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import is_fsdp
from configlint.rules.checkpoint import sharded_states

_ONLY, _BEST = "training.save_only_model", "training.load_best_model_at_end"


@rule(Severity.ERROR, when=lambda plan: plan.writes("load_best_model_at_end"))
def check(plan: Plan) -> Iterator[Finding]:
    data, training = plan.parallel.data or "", plan.training
    is_deepspeed = data.startswith("zero")
    # Before 4.38 it was not rejected.
    if not (is_fsdp(plan) or is_deepspeed) or plan.release.transformers < (4, 38):
        return
    if training.get("save_only_model") is True and training.get("load_best_model_at_end") is True:
        best = plan.name(_BEST)
        yield Finding(
            _ONLY,
            f"`{plan.name(_ONLY)}` leaves out the optimizer state that `{best}` requires under {data}",
            # In shards, weights alone are rejected too.
            [Drop(_ONLY)] if is_fsdp(plan) and sharded_states(plan) else [Drop(_ONLY), Drop(_BEST)],
            related=((_BEST, f"`{best}` is true"),),
        )
