"""The Trainer checkpoints activations where FSDP does it itself.

The Trainer's own checkpointing gathers each layer again in the backward pass; FSDP's does not. With both on, the
Trainer raises an error when it is built: after the job has queued and loaded the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {activation_checkpointing: true}}
    training: {activation_checkpointing: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp, fsdp: {activation_checkpointing: true}}
    training: {activation_checkpointing: false}

Source: transformers 5.23 trainer.py, create_accelerator_and_postprocess; training_args.py, _process_fsdp_args
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Act, Move, Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import activation_checkpointing, is_fsdp
from configlint.rules.fsdp import place

_OWN = ("parallel.fsdp.activation_checkpointing", "parallel.fsdp.fsdp_activation_checkpointing")
_TRUE = ("y", "yes", "t", "true", "on", "1")


@rule(Severity.ERROR, fixes=True, when=lambda plan: plan.parallel.data == "fsdp")
def check(plan: Plan) -> Iterator[Finding]:
    if not is_fsdp(plan) or not activation_checkpointing(plan):
        return
    path, settings = plan.path("activation_checkpointing"), plan.spec.settings
    given, default = plan.given(path), f" ({plan.trainer}'s default)" if plan.trainer else ""
    described = f"`{plan.name(path)}` true" + ("" if given else default)
    own = [place for place in _OWN if place in settings and str(settings[place].value).lower() in _TRUE]
    if own:
        yield Finding(
            path if given else own[0],
            f"{described} conflicts with `{plan.name(own[0])}` true: the Trainer rejects setting both",
            [_off(plan, path, "FSDP's own replaces it", safe=True)],
            related=((own[0], f"`{plan.name(own[0])}` is on"),) if given else (),
        )
    # Before 4.43 nobody spoke of it.
    elif plan.release.transformers >= (4, 43):
        yield Finding(
            path if given else "parallel.data",
            f"{described} gathers every layer one extra time per step under FSDP",
            [(_off(plan, path), Put(place(plan, "activation_checkpointing"), True))],
            Severity.WARNING,
        )


def _off(plan: Plan, path: str, why: str = "", safe: bool = False) -> Act:
    """An old name is not to be written anew: no other finding says so here."""
    name = path.rpartition(".")[2]
    written = plan.release.spelling(name) or name
    if written == name or not plan.given(path):
        return Put(f"training.{written}", False, why, safe)
    return Move(path, f"training.{written}", False, why, safe)
