"""DeepSpeed cannot build the optimizer in its config.

It knows a few optimizers by name, in any case, and takes PyTorch's by their class names; it does not know the names
that `optim` takes. Without a type, or with max_grad_norm among the parameters, the engine is not built: the job
fails after it has queued and loaded the model.

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
from configlint.core.remedy import Drop, Move, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.knowledge.optimizers import DEEPSPEED_KNOWN, DEEPSPEED_OLDER, DEEPSPEED_PYTORCH
from configlint.rules.deepspeed import SECTION, kind, sets, stage


@rule(Severity.ERROR, when=lambda plan: sets(plan, "optimizer"))
def check(plan: Plan) -> Iterator[Finding]:
    path, name = f"{SECTION}optimizer", kind(plan, "optimizer")
    if stage(plan) is None or not plan.spec.tree(path):
        return
    if not plan.given(f"{path}.type"):
        message = "DeepSpeed's `optimizer` requires a `type`"
        # Without a rate it would train with DeepSpeed's own, and an `optim` may name another.
        is_adamw = plan.given(f"{path}.params.lr") and not plan.given(plan.path("optim"))
        adamw = [Put(f"{path}.type", "AdamW")] if is_adamw else []
        yield Finding(path, message, [*adamw, _without(plan, path)], on_key=True)
    elif (
        name is not None
        and name.lower() not in map(str.lower, DEEPSPEED_KNOWN)
        and name not in (*DEEPSPEED_OLDER, *DEEPSPEED_PYTORCH)
    ):
        close = plan.nearest(name, DEEPSPEED_KNOWN) or plan.nearest(name.partition("_")[0], DEEPSPEED_KNOWN)
        # A class of PyTorch's may be new.
        if close or "_" in name:
            message = f"neither DeepSpeed nor PyTorch has an optimizer `{name}`"
            remedy = Put(f"{path}.type", close) if close else _without(plan, path)
            yield Finding(f"{path}.type", message, [remedy])
    clipping = f"{path}.params.max_grad_norm"
    if plan.given(clipping):
        message = "DeepSpeed rejects `max_grad_norm` in the `params` of its optimizer"
        yield Finding(clipping, message, [_clipping(plan, clipping)], on_key=True)


def _without(plan: Plan, path: str) -> Remedy:
    return Drop(path, f"the Trainer then builds the one that `{plan.name(plan.path('optim'))}` names")


def _clipping(plan: Plan, path: str) -> Remedy:
    argument = plan.path("max_grad_norm")
    is_number = real(plan.spec.settings[path].value) is not None
    return Move(path, argument) if is_number and not plan.given(argument) else Drop(path)
