"""A low-rank optimizer gets no matrices under ZeRO.

GaLore's optimizers project the gradient of each matrix. ZeRO hands its optimizer flat pieces of all parameters
together, and the first step fails, after the queue and the loading of the model.

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
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import is_layerwise, optimizer
from configlint.rules.deepspeed import offloads, stage


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    name = optimizer(plan) or ""
    # Offloaded, another takes its place; one layer by layer is refused in any distributed training.
    if stage(plan) not in (1, 2, 3) or offloads(plan) or is_layerwise(plan):
        return
    if name.startswith("galore_"):
        yield Finding(
            plan.path("optim"),
            f"{name} projects matrices, and {plan.parallel.data} has it work on flat pieces of them",
            "write another optim, or `data: ddp`",
            related=(("parallel.data", f"data {plan.parallel.data}"),),
        )
