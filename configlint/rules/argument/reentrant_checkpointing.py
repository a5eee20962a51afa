"""Reentrant activation checkpointing meets a search for unused parameters.

Reentrant checkpointing runs the backward pass of a layer apart, and DDP then sees its parameters become ready
twice where ddp_find_unused_parameters is on. The first backward pass fails: after the queue and the loading of
the model.

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
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import activation_checkpointing


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    if plan.parallel.data != "ddp" or (plan.parallel.world or 1) == 1:
        return
    if plan.training.get("ddp_find_unused_parameters") is not True or not activation_checkpointing(plan):
        return
    if plan.argument("ddp_static_graph") is True or not _is_reentrant(plan):
        return
    path = plan.path("activation_checkpointing_kwargs")
    name = path.rpartition(".")[2]
    yield Finding(
        "training.ddp_find_unused_parameters",
        "ddp_find_unused_parameters fails with reentrant activation checkpointing",
        f"write `{name}: {{use_reentrant: false}}`, or delete ddp_find_unused_parameters",
        related=((path, "use_reentrant true"),) if plan.given(path) else (),
    )


def _is_reentrant(plan: Plan) -> bool:
    """As written, else by the default of Transformers' own trainers: until 5.0."""
    written = plan.argument("activation_checkpointing_kwargs")
    kwargs = written if isinstance(written, dict) else {}
    if "use_reentrant" in kwargs:
        return kwargs["use_reentrant"] is True
    is_trainers_own = written is None and plan.trainer in ("Trainer", "Seq2SeqTrainer")
    return is_trainers_own and plan.release.transformers < (5, 0)
