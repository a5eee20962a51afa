"""A bitsandbytes optimizer cannot step on parameters that FSDP shards.

FSDP2 passes its optimizer distributed tensors, and no bitsandbytes kernel takes one: the job fails at the first
step, after it has queued and loaded the model. PyTorch's own optimizers work, and so do the 8-bit and the 4-bit
AdamW of torchao.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp}
    training: {optim: adamw_bnb_8bit}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp}
    training: {optim: adamw_torch_8bit}

Source: run: bitsandbytes 0.50.2 and torch 2.13, one step of AdamW in 8 and 32 bits and of Lion after fully_shard;
bitsandbytes issue 1633; transformers 5.23 trainer_optimizer.py, _get_bitsandbytes_optimizer
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import is_fsdp, optimizer
from configlint.rules.fsdp import version


@rule(Severity.ERROR, when=lambda plan: plan.parallel.data == "fsdp" and plan.writes("optim"))
def check(plan: Plan) -> Iterator[Finding]:
    made, path = optimizer(plan), plan.path("optim")
    if not is_fsdp(plan) or version(plan) != 2 or made is None or made.under_fsdp is None:
        return
    why = "bitsandbytes cannot step on parameters sharded by FSDP"
    yield Finding(
        path,
        f"`{plan.name(path)}` {made.name} fails at the first step: {why}",
        [Put(path, made.under_fsdp)],
        related=(("parallel.data", f"`{plan.name('parallel.data')}` is fsdp"),),
    )
