"""The experts' implementation copies their weights for every token.

`batched_mm` gathers, for every token, the weights of each expert that the token is routed to. That suits the few
tokens of a decoding step. The thousands of tokens of a training step take hundreds of GiB in one layer: tokens x
experts per token x 3 matrices x hidden size x inner size. `grouped_mm`, the default of Transformers where it is
supported, sorts the tokens by expert and copies no weights.

Bad:

    trainer: SFTTrainer
    model: {config: qwen3-30b-a3b, sequence_length: 4096}
    batch: {effective: 64, per_device: 1}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp}
    training: {model_init_kwargs: {experts_implementation: batched_mm}}

Good:

    trainer: SFTTrainer
    model: {config: qwen3-30b-a3b, sequence_length: 4096}
    batch: {effective: 64, per_device: 1}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: fsdp}
    training: {model_init_kwargs: {experts_implementation: grouped_mm}}

Source: transformers 5.23 integrations/moe.py, batched_mm_experts_forward
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put, Remedy
from configlint.core.rule import Finding, rule
from configlint.core.values import mapping, positive
from configlint.core.wording import count
from configlint.rules.memory import GIB, device, gib

_NAME = "experts_implementation"
# Gate, up and down.
_MATRICES = 3


@rule(
    Severity.ERROR, when=lambda plan: plan.writes("model_init_kwargs") or "experts_implementation" in plan.arguments
)
def check(plan: Plan) -> Iterator[Finding]:
    path, capacity = _path(plan), plan.memory.capacity
    tokens, size = _tokens(plan), _size(plan)
    if path is None or capacity is None or not tokens or not size or tokens * size < GIB:
        return
    yield Finding(
        path,
        f"`{_NAME}` batched_mm copies expert weights for each of {count(tokens, 'token')},"
        f" {gib(tokens * size)} GiB per layer; {device(plan)}",
        _remedies(plan, path),
        None if tokens * size > capacity else Severity.WARNING,
    )


def _path(plan: Plan) -> str | None:
    """Where batched_mm was chosen: for TRL's trainers, or for the script."""
    if (mapping(plan.training.get("model_init_kwargs")) or {}).get(_NAME) == "batched_mm":
        return "training.model_init_kwargs"
    return f"arguments.{_NAME}" if plan.arguments.get(_NAME) == "batched_mm" else None


def _remedies(plan: Plan, path: str) -> list[Remedy]:
    if path.startswith("arguments."):
        return [Put(path, "grouped_mm"), Drop(path)]
    return [Put(path, {**(mapping(plan.training["model_init_kwargs"]) or {}), _NAME: "grouped_mm"})]


def _tokens(plan: Plan) -> int | None:
    length = plan.sequence_length or positive(plan.argument("max_length"))
    split = (plan.parallel.context or 1) * (plan.parallel.sequence or 1)
    return plan.batch.per_device * length // split if plan.batch.per_device and length else None


def _size(plan: Plan) -> int | None:
    """Bytes that are gathered for one token; None where the model is not known to be a mixture of experts."""
    config = plan.model.config if plan.model else {}
    used, hidden = (positive(config.get(name)) for name in ("num_experts_per_tok", "hidden_size"))
    inner = positive(config.get("moe_intermediate_size")) or positive(config.get("intermediate_size"))
    if used is None or hidden is None or inner is None:
        return None
    setting = plan.spec.settings.get("model.dtype")
    item = 4 if setting and setting.value == "float32" else 2
    return used * _MATRICES * hidden * inner * item
