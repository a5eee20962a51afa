"""The attention heads of the model cannot be split over the devices.

Sequence parallelism (Ulysses) gives each device some of the query heads, and some of the key-value heads or a copy
of one. Tensor parallelism gives each device its own part of both. Heads that cannot be split fail the job: after
the queue, and after the model was loaded.

Bad:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    model: {config: qwen2.5-7b}
    parallel: {data: zero3, sequence: 8}

Good:

    batch: {effective: 64}
    hardware: {accelerator: h100-80gb, devices_per_node: 8}
    model: {config: qwen2.5-7b}
    parallel: {data: zero3, sequence: 4}

Source: deepspeed 0.19 runtime/sequence_parallel/ulysses_sp.py, UlyssesSPAttentionHF.__init__; run: two and four
processes with transformers 5.23, LlamaForCausalLM and DistributedConfig
"""

from __future__ import annotations

from collections.abc import Iterator

from configlint.core.arithmetic import divisors
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.remedy import Drop, Put
from configlint.core.rule import Finding, rule
from configlint.rules.parallel import degree, is_meshed
from configlint.rules.parallel._heads import Heads, fits, heads_of


@rule(Severity.ERROR, when=is_meshed)
def check(plan: Plan) -> Iterator[Finding]:
    parallel = plan.parallel
    # Where the devices cannot be split at all, that comes first.
    if parallel.world and not parallel.replicas:
        return
    for kind, size in (("sequence", parallel.sequence), ("tensor", parallel.tensor)):
        heads = heads_of(plan, kind)
        if heads and size is not None and not fits(kind, size, heads):
            yield _finding(plan, kind, size, heads)


def _finding(plan: Plan, kind: str, size: int, heads: Heads) -> Finding:
    few = heads.queries if heads.queries % size else heads.keys
    words = "attention heads" if heads.queries % size else "key-value heads"
    world = plan.parallel.world or size
    fitting = (below for below in divisors(heads.queries, size) if fits(kind, below, heads))
    largest = max(below for below in fitting if world % below == 0)
    name, path = plan.model.name if plan.model else "the model", f"parallel.{kind}"
    return Finding(
        path,
        f"the {few} {words} of {name} cannot be split over {degree(plan, kind)}",
        [Put(path, largest) if largest > 1 else Drop(path)],
        related=(("model.config", f"{heads.queries} attention heads, {heads.keys} key-value heads"),),
    )
