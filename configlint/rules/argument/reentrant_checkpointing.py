"""Reentrant activation checkpointing is combined with DDP's search for unused parameters.

Reentrant checkpointing runs a separate backward pass for each layer. With `ddp_find_unused_parameters`, DDP then
sees the same parameters become ready twice and fails at the first backward pass, after the job has waited in the
queue and loaded the model.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training:
      ddp_find_unused_parameters: true
      activation_checkpointing: true
      activation_checkpointing_kwargs: {use_reentrant: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training:
      ddp_find_unused_parameters: true
      activation_checkpointing: true
      activation_checkpointing_kwargs: {use_reentrant: false}

Source: transformers 5.23 trainer.py, _build_accelerator_args; modeling_utils.py, activation_checkpointing_enable;
run: two processes fail at the first backward pass, with ddp_static_graph they do not
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import activation_checkpointing


@rule(Severity.ERROR, when=lambda plan: plan.writes("ddp_find_unused_parameters"))
def check(plan: Plan) -> Iterator[Finding]:
    if plan.parallel.data != "ddp" or (plan.parallel.world or 1) == 1:
        return
    if plan.training.get("ddp_find_unused_parameters") is not True or not activation_checkpointing(plan):
        return
    if plan.argument("ddp_static_graph") is True or not _is_reentrant(plan):
        return
    path, kwargs = "training.ddp_find_unused_parameters", plan.path("activation_checkpointing_kwargs")
    yield Finding(
        path,
        f"`{plan.name(path)}` cannot be combined with reentrant checkpointing: the first backward pass fails",
        [Put(kwargs, {**_kwargs(plan), "use_reentrant": False}), Drop(path)],
        related=((kwargs, "`use_reentrant` is true"),) if plan.given(kwargs) else (),
    )


def _kwargs(plan: Plan) -> dict[str, object]:
    written = plan.argument("activation_checkpointing_kwargs")
    return written if isinstance(written, dict) else {}


def _is_reentrant(plan: Plan) -> bool:
    """As written, else by the default."""
    if "use_reentrant" in (kwargs := _kwargs(plan)):
        return kwargs["use_reentrant"] is True
    is_open = plan.argument("activation_checkpointing_kwargs") is None
    until = plan.release.trainer.reentrant_until
    return is_open and until is not None and plan.release.transformers < until
