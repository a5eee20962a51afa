"""Sequence parallelism multiplies the gradients by its degree.

Each device of a sequence backpropagates through the loss of the whole sequence, so the sum of their gradients is
`sequence` times too large. ZeRO-3 averages over all devices, which is right; ZeRO-0, 1 and 2 average over the
replicas only. Adam is not affected, but max_grad_norm clips that many times harder than written and the logged norm
is that many times too large, without a warning. Plain SGD trains with a multiple of its learning rate.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero2, sequence: 4}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    parallel: {data: zero3, sequence: 4}

Source: deepspeed 0.18.2, 0.18.9 and 0.19.8 runtime/zero/stage_1_and_2.py, average_tensor and allreduce_bucket;
runtime/engine.py, _reduce_non_expert_gradients; runtime/zero/stage3.py, __avg_scatter_contiguous_grads;
runtime/comm/coalesced_collectives.py, reduce_scatter_coalesced; transformers 5.23 integrations/deepspeed.py,
deepspeed_sp_compute_loss; run: each stage on two processes, with AdamW and SGD
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.core.values import real
from configlint.core.wording import code
from configlint.knowledge.optimizers import find_optimizer
from configlint.rules.argument._resolved import optimizer
from configlint.rules.deepspeed import SECTION, chosen, kind, shares_sequences, stage, value, with_data, zero

_SCATTER = "zero_optimization.reduce_scatter"
_SEQUENCE = "parallel.sequence"


@rule(Severity.ERROR, when=shares_sequences)
def check(plan: Plan) -> Iterator[Finding]:
    number, degree = stage(plan), plan.parallel.sequence
    if number is None or degree is None or degree < 2:
        return
    if plan.hardware.is_cpu and number < 3:
        return  # deepspeed/sequence-on-cpu: it does not even start
    makes, sequence = f"makes gradients {degree} times too large", f"`{plan.name(_SEQUENCE)}` {degree}"
    path, cause = _SEQUENCE, f"{sequence} {makes} under {zero(plan)}"
    remedy = with_data(plan, "zero3")
    if number == 3:
        if not _is_mean_of_replicas(plan):
            return
        path, cause = SECTION + _SCATTER, f"`reduce_scatter` false {makes} with {sequence}"
        remedy = Drop(path)
    name = _proportional(plan)
    seen = f"each step of {name} is {degree} times too large" if name else _seen(plan, degree)
    severity = None if name else Severity.WARNING
    yield Finding(path, f"{cause}, so {seen}", [remedy], severity, related=(chosen(plan),))


def _proportional(plan: Plan) -> str | None:
    """The optimizer if its step grows with the gradient. What DeepSpeed makes has the Trainer's name in another
    case."""
    made = optimizer(plan)
    name = made.name if made else kind(plan, "optimizer") or ""
    found = find_optimizer(name.lower())
    return name if found and found.proportional else None


def _is_mean_of_replicas(plan: Plan) -> bool:
    """Whether ZeRO 3 is told to reduce as the others do."""
    contiguous = value(plan, "zero_optimization.contiguous_gradients")
    return value(plan, _SCATTER) is False and contiguous is not False


def _seen(plan: Plan, degree: int) -> str:
    """Where the factor shows with an optimizer that scales its steps itself."""
    limit = real(plan.argument("max_grad_norm"))
    if limit is None or limit <= 0:
        return f"the logged gradient norm is {degree} times too large"
    return f"`{plan.name(plan.path('max_grad_norm'))}` {code(limit)} clips like {limit / degree:.3g}"
