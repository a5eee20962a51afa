"""Activations are checkpointed by the Trainer where FSDP does it itself.

The Trainer's own checkpointing gathers each layer once more in the backward pass; FSDP's does not. With both the
Trainer refuses to be built: after the queue and the loading of the model.

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
from configlint.core.edit import Change
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import activation_checkpointing, is_fsdp

_OWN = ("parallel.fsdp.activation_checkpointing", "parallel.fsdp.fsdp_activation_checkpointing")
_TRUE = ("y", "yes", "t", "true", "on", "1")


@rule(Severity.ERROR, fixes=True)
def check(plan: Plan) -> Iterator[Finding]:
    if not is_fsdp(plan) or not activation_checkpointing(plan):
        return
    path, settings = plan.path("activation_checkpointing"), plan.spec.settings
    name, given = path.rpartition(".")[2], plan.given(path)
    # An old name is not to be written anew: no other finding says so here.
    written = plan.release.spelling(name) or name
    off = f"`training: {{{written}: false}}`"
    own = [place for place in _OWN if place in settings and str(settings[place].value).lower() in _TRUE]
    described = f"{name} true" + ("" if given else " (the default)")
    if own:
        yield Finding(
            path if given else own[0],
            f"{described} stands beside FSDP's own activation_checkpointing, and the Trainer refuses both",
            f"write {off}: FSDP's own takes its place",
            related=((own[0], "FSDP's own"),) if given else (),
            fix=Change(path, key=None if written == name else written, value=False) if given else None,
        )
    # Before 4.43 nobody spoke of it.
    elif plan.release.transformers >= (4, 43):
        yield Finding(
            path if given else "parallel.data",
            f"{described} gathers every layer once more under FSDP",
            f"write `parallel: {{fsdp: {{activation_checkpointing: true}}}}`, and {off}",
            Severity.WARNING,
        )
