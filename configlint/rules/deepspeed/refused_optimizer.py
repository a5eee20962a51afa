"""DeepSpeed cannot make the optimizer that its config has.

It knows a few by name, whatever the case, and takes PyTorch's by the names of their classes; not those that
`optim` has. Without a type, or with max_grad_norm among the parameters, the engine is not built: after the queue
and the loading of the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: adamw_torch, params: {lr: auto}}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: AdamW, params: {lr: auto}}}}

Source: deepspeed 0.19.8 runtime/engine.py, _do_sanity_check and _configure_basic_optimizer; run
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.deepspeed import SECTION, kind, stage

_OWN = ("Adam", "AdamW", "Adagrad", "Lamb", "Lion", "Muon", "MuAdam", "MuAdamW", "MuSGD")
# Of older releases, and PyTorch's that are near one of the others.
_OTHERS = (
    *("OneBitAdam", "OneBitLamb", "ZeroOneAdam"),
    *("SGD", "NAdam", "RAdam", "ASGD", "Adamax", "Adadelta", "Adafactor"),
)


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    path, name = f"{SECTION}optimizer", kind(plan, "optimizer")
    if stage(plan) is None or not plan.spec.tree(path):
        return
    if not plan.given(f"{path}.type"):
        yield Finding(path, "the optimizer has no type", "write `type: AdamW` in it", on_key=True)
    elif name is not None and name.lower() not in {own.lower() for own in _OWN} and name not in _OTHERS:
        close = plan.nearest(name, _OWN) or plan.nearest(name.partition("_")[0], _OWN)
        # A class of PyTorch's may be new.
        if close or "_" in name:
            help = f"did you mean `{close}`?" if close else None
            yield Finding(f"{path}.type", f"there is no optimizer {name} in DeepSpeed or PyTorch", help)
    clipping = f"{path}.params.max_grad_norm"
    if plan.given(clipping):
        message = "max_grad_norm is refused among the parameters of DeepSpeed's optimizer"
        yield Finding(clipping, message, "write training.max_grad_norm", on_key=True)
