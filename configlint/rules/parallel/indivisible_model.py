"""A model of this family cannot be cut up so.

Tensor parallelism needs a plan of the family's that says which weights are cut and how, and sequence parallelism
(Ulysses) asks the config for its key-value heads. Older families have neither: the job fails when the model
is loaded, or when DeepSpeed takes it over.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    model: {config: gpt2-xl}
    parallel: {tensor: 2}
    training: {save_only_model: true}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    model: {config: gpt2-xl}
    parallel: {data: fsdp}

Source: transformers 5.23 distributed/mixin.py (what has no tp_plan is refused) and the families' config classes;
deepspeed 0.19 runtime/sequence_parallel/ulysses_sp.py, UlyssesSPAttentionHF.register_with_transformers; run: gpt2
with two processes
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import text

_WITHOUT_PLAN = ("bert", "deberta-v2", "falcon", "gpt2", "roberta", "t5")
_WITHOUT_HEADS = (*_WITHOUT_PLAN, "gpt_neox")


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    family = text(plan.model.config.get("model_type")) if plan.model else None
    zero = parallel.uses_deepspeed
    if parallel.tensor not in (None, 1) and not zero and family in _WITHOUT_PLAN:
        yield Finding(
            "parallel.tensor",
            f"{family} models have no plan by which tensor {parallel.tensor} could cut them up",
            "write data: fsdp, or data: zero3, without tensor",
            related=(("model.config", f"a {family} model"),),
        )
    if parallel.sequence not in (None, 1) and zero and family in _WITHOUT_HEADS:
        yield Finding(
            "parallel.sequence",
            f"{family} models do not say their key-value heads, which sequence {parallel.sequence} asks for",
            "leave sequence out",
            related=(("model.config", f"a {family} model"),),
        )
