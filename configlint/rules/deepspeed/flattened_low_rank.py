"""A low-rank optimizer fails under ZeRO.

GaLore's optimizers project the gradient of each weight matrix. ZeRO passes its optimizer flat buffers that hold all
parameters, so the job fails at the first step, after it has queued and loaded the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2}
    training: {optim: galore_adamw, optim_target_modules: all-linear}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: ddp}
    training: {optim: galore_adamw, optim_target_modules: all-linear}

Source: run: zero2 with galore_torch 1.0; its galore_projector.py, GaLoreProjector.project; deepspeed
0.19.8 runtime/zero/stage_1_and_2.py, DeepSpeedZeroOptimizer.__init__ (single_partition_of_fp32_groups),
runtime/zero/stage3.py
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import is_flattened, optimizer
from configlint.rules.deepspeed import chosen, offloads, stage, with_data, zero


@rule(Severity.ERROR, when=lambda plan: stage(plan) is not None and plan.writes("optim"))
def check(plan: Plan) -> Iterator[Finding]:
    made, path = optimizer(plan), plan.path("optim")
    # Offloaded, another takes its place; one layer by layer is refused in any distributed training.
    if made is None or made.layerwise_of or offloads(plan):
        return
    if is_flattened(plan, made):
        needs = f"it projects gradient matrices, but {zero(plan)} passes it flat buffers"
        yield Finding(
            path,
            f"`{plan.name(path)}` {made.name} fails at the first step: {needs}",
            [with_data(plan, "ddp"), _another(plan, path)],
            related=(chosen(plan),),
        )


def _another(plan: Plan, path: str) -> Remedy:
    """An optimizer that takes flat buffers, without what only a low-rank one reads."""
    put, targets = Put(path, "adamw_torch"), plan.path("optim_target_modules")
    return (put, Drop(targets)) if plan.given(targets) else put
