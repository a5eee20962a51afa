"""Reentrant activation checkpointing is combined with DDP's search for unused parameters.

Reentrant checkpointing runs a separate backward pass for each layer. Where DDP searches for unused parameters, it
then sees the same parameters become ready twice and fails at the first backward pass, after the job has waited in
the queue and loaded the model. The Trainer turns the search on for every model with adapters (LoRA, QLoRA) unless
`ddp_find_unused_parameters` is false. Before Transformers 5, checkpointing is reentrant by default; TRL's trainers
turn that off since 0.27.

Bad:

    transformers: "4.57"
    tuning: {method: lora, rank: 16}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training: {gradient_checkpointing: true}

Good:

    transformers: "4.57"
    tuning: {method: lora, rank: 16}
    batch: {effective: 64}
    hardware: {accelerator: a100-80gb, devices_per_node: 8}
    training:
      gradient_checkpointing: true
      gradient_checkpointing_kwargs: {use_reentrant: false}

Source: transformers 5.23 trainer.py, _build_accelerator_args, and 4.31 to 5.0, _wrap_model; modeling_utils.py,
activation_checkpointing_enable; trl 0.27 trainer/sft_config.py, __post_init__; run: two processes fail at the first
backward pass, with 5.23 and with 4.57, alone and under trl 0.26; with ddp_static_graph, with use_reentrant false
and under trl 0.27 they do not
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.rules.argument._resolved import activation_checkpointing

_SEARCH, _METHOD = "training.ddp_find_unused_parameters", "tuning.method"
_FAILS = "the first backward pass fails"
# The first release of TRL whose trainers make it non-reentrant by themselves.
_TRL = (0, 27)


@rule(Severity.ERROR, when=lambda plan: plan.writes("ddp_find_unused_parameters") or plan.given("tuning.method"))
def check(plan: Plan) -> Iterator[Finding]:
    if plan.parallel.data != "ddp" or (plan.parallel.world or 1) == 1 or not activation_checkpointing(plan):
        return
    if plan.argument("ddp_static_graph") is True or not _is_reentrant(plan):
        return
    search, method = plan.argument("ddp_find_unused_parameters"), plan.spec.settings.get(_METHOD)
    is_adapted = method is not None and method.value in ("lora", "qlora")
    kwargs = plan.path("activation_checkpointing_kwargs")
    if search is True:
        yield Finding(
            _SEARCH,
            f"`{plan.name(_SEARCH)}` cannot be combined with reentrant checkpointing: {_FAILS}",
            # Adapters are searched without it, too.
            [*_non_reentrant(plan, kwargs), *([] if is_adapted else [Drop(_SEARCH)])],
            related=((kwargs, "`use_reentrant` is true"),) if plan.given(kwargs) else (),
        )
    elif search is None and method is not None and is_adapted:
        yield from _searched_by_default(plan, kwargs, f"{method.value} under DDP")


def _searched_by_default(plan: Plan, kwargs: str, where: str) -> Iterator[Finding]:
    """Where the Trainer itself turns the search on."""
    place = next(filter(plan.given, (kwargs, plan.path("activation_checkpointing"))), _METHOD)
    by_default = "" if plan.given(kwargs) else " (the default before transformers 5.0)"
    yield Finding(
        place,
        f"reentrant checkpointing{by_default} cannot be combined with {where}: {_FAILS}",
        _non_reentrant(plan, kwargs) or [Put(_SEARCH, False)],
        related=((_METHOD, "DDP searches for unused parameters beside adapters"),) if place != _METHOD else (),
    )


def _non_reentrant(plan: Plan, kwargs: str) -> list[Remedy]:
    """Nothing in the releases before 4.35, which have no such argument."""
    if plan.release.spelling("activation_checkpointing_kwargs") is None:
        return []
    return [Put(kwargs, {**_kwargs(plan), "use_reentrant": False})]


def _kwargs(plan: Plan) -> dict[str, object]:
    written = plan.argument("activation_checkpointing_kwargs")
    return written if isinstance(written, dict) else {}


def _is_reentrant(plan: Plan) -> bool:
    """As written, else by the default of Transformers until 5.0, which TRL's trainers left as it was until 0.27."""
    if "use_reentrant" in (kwargs := _kwargs(plan)):
        return kwargs["use_reentrant"] is True
    if plan.argument("activation_checkpointing_kwargs") is not None or plan.release.transformers >= (5, 0):
        return False
    trl = plan.release.trl
    return trl < _TRL if trl is not None else plan.release.trainer.reentrant_until is not None
