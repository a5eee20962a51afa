"""The heads of the model cannot be split over the devices that share them.

Sequence parallelism (Ulysses) gives each device some of the query heads, and some of the key-value heads or the
same one as others. Tensor parallelism gives each device its own of both. Where they cannot be split the job fails:
after the queue and the loading of the model.

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
from typing import NamedTuple

from configlint.core.arithmetic import divisors
from configlint.core.diagnostic import Severity
from configlint.core.plan import Plan
from configlint.core.rule import Finding, rule
from configlint.core.values import mapping, positive, text

# Those whose plan cuts up the projection of the keys, and has the devices keep their part; of other families
# some gather it again. Source: transformers 5.23, base_model_tp_plan of each config class.
_CUT = (
    "gemma2",
    "gemma3_text",
    "llama",
    "mistral",
    "mixtral",
    "qwen2",
    "qwen3",
    "qwen3_moe",
    "smollm3",
)


class Heads(NamedTuple):
    """Of queries, and of keys and values."""

    queries: int
    keys: int


@rule(Severity.ERROR)
def check(plan: Plan) -> Iterator[Finding]:
    parallel, heads = plan.parallel, _heads(plan)
    # Where the devices cannot be split at all, that comes first.
    if heads is None or (parallel.world and not parallel.replicas):
        return
    if parallel.uses_deepspeed:
        if parallel.sequence is not None:
            yield from _finding(plan, "sequence", parallel.sequence, heads)
    elif parallel.tensor is not None and _family(plan) in _CUT:
        yield from _finding(plan, "tensor", parallel.tensor, heads)


def _finding(plan: Plan, degree: str, size: int, heads: Heads) -> Iterator[Finding]:
    if _fits(degree, size, heads):
        return
    few = heads.queries if heads.queries % size else heads.keys
    words = "attention heads" if heads.queries % size else "key-value heads"
    world = plan.parallel.world or size
    fitting = (below for below in divisors(heads.queries, size) if _fits(degree, below, heads))
    largest = max(below for below in fitting if world % below == 0)
    name = plan.model.name if plan.model else "the model"
    yield Finding(
        f"parallel.{degree}",
        f"the {few} {words} of {name} cannot be split over {degree} {size}",
        f"write `{degree}: {largest}`" if largest > 1 else f"leave {degree} out",
        related=(("model.config", f"{heads.queries} attention heads, {heads.keys} for keys and values"),),
    )


def _fits(degree: str, size: int, heads: Heads) -> bool:
    # Ulysses copies a key-value head to several devices, tensor parallelism does not.
    copied = degree == "sequence" and size % heads.keys == 0
    return heads.queries % size == 0 and (heads.keys % size == 0 or copied)


def _heads(plan: Plan) -> Heads | None:
    config = _config(plan)
    queries = positive(config.get("num_attention_heads"))
    keys = positive(config.get("num_key_value_heads", queries))
    return Heads(queries, keys) if queries and keys else None


def _family(plan: Plan) -> str | None:
    return text(_config(plan).get("model_type"))


def _config(plan: Plan) -> dict[str, object]:
    """The part of config.json that is about text."""
    config = plan.model.config if plan.model else {}
    return mapping(config.get("text_config")) or config
