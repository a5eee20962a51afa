"""The model's family does not support this kind of parallelism.

Tensor parallelism requires a plan that says which weights of the family are split and how; sequence parallelism
(Ulysses) reads the number of key-value heads from the model's config. Older families have neither: the job fails
when the model is loaded or when DeepSpeed takes it over.

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
from configlint.core.remedy import Drop
from configlint.core.rule import Finding, rule
from configlint.core.values import text
from configlint.rules.parallel import degree, instead, is_meshed

_WITHOUT_PLAN = ("bert", "deberta-v2", "falcon", "gpt2", "roberta", "t5")
_WITHOUT_HEADS = (*_WITHOUT_PLAN, "gpt_neox")


@rule(Severity.ERROR, when=is_meshed)
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    family = text(plan.model.config.get("model_type")) if plan.model else None
    zero, related = parallel.uses_deepspeed, (("model.config", f"a {family} model"),)
    if parallel.tensor not in (None, 1) and not zero and family in _WITHOUT_PLAN:
        # FSDP splits any model.
        kept: dict[str, object] = {} if parallel.data == "fsdp" else {"data": "fsdp"}
        yield Finding(
            "parallel.tensor",
            f"{family} models have no tensor-parallel plan, so {degree(plan, 'tensor')} cannot split them",
            [instead(plan, "tensor", tensor=None, **kept)],
            related=related,
        )
    if parallel.sequence not in (None, 1) and zero and family in _WITHOUT_HEADS:
        yield Finding(
            "parallel.sequence",
            f"{degree(plan, 'sequence')} requires num_key_value_heads in the model's config; {family} has none",
            [Drop("parallel.sequence")],
            related=related,
        )
