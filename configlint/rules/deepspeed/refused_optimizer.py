"""DeepSpeed cannot build the optimizer in its config.

It knows a few optimizers by name, in any case, and takes PyTorch's by their class names; it does not know the names
that `optim` takes. It passes `params` to the class that `type` names. Without a type, and with max_grad_norm or any
parameter that the class does not have, the engine is not built: the job fails after it has queued and loaded the
model. Lion has no `eps`, and Adagrad has no `betas`.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: adamw_torch, params: {lr: auto}}}}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, deepspeed: {optimizer: {type: AdamW, params: {lr: auto}}}}

Source: deepspeed 0.19.8 runtime/engine.py, _do_sanity_check and _configure_basic_optimizer;
ops/adam, ops/adagrad, ops/lamb and ops/lion, the classes; run
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Move, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.knowledge._generated.deepspeed import OPTIMIZERS
from configlint.knowledge.optimizers import DEEPSPEED_KNOWN, DEEPSPEED_OLDER, DEEPSPEED_PYTORCH, is_adam
from configlint.rules.deepspeed import SECTION, kind, offloads, sets, stage, value
from configlint.rules.deepspeed._values import unknown_parameter


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
    yield from _params(plan, f"{path}.params", name or "")


def _params(plan: Plan, path: str, name: str) -> Iterator[Finding]:
    made = "adam" if is_adam(name) else name.lower()
    # PyTorch's own AdamW takes others.
    is_known = not value(plan, "optimizer.params.torch_adam")
    takes = OPTIMIZERS.get(f"{made}.offloaded" if offloads(plan) else made) if is_known else None
    for key, written in plan.spec.tree(path).items():
        place = f"{path}.{key}"
        if key == "max_grad_norm":
            message = "DeepSpeed rejects `max_grad_norm` in the `params` of its optimizer"
            yield Finding(place, message, [_clipping(plan, place)], on_key=True)
        elif takes and key not in takes:
            yield unknown_parameter(plan, place, name, takes)
        elif takes and written is True and "unsupported" in takes[key]:
            yield Finding(place, f"{name} does not support `{key}`", [Drop(place)])


def _without(plan: Plan, path: str) -> Remedy:
    return Drop(path, f"the Trainer then builds the one that `{plan.name(plan.path('optim'))}` names")


def _clipping(plan: Plan, path: str) -> Remedy:
    argument = plan.path("max_grad_norm")
    is_number = real(plan.spec.settings[path].value) is not None
    return Move(path, argument) if is_number and not plan.given(argument) else Drop(path)
