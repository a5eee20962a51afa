"""The device mesh that the JSON cannot carry: Accelerate reads it from the environment.

Several copies of a model in shards (HSDP), context parallelism and Ulysses sequence parallelism are Accelerate's
ParallelismConfig, which TrainingArguments loses on its way through JSON. A tensor-parallel model has a mesh of its
own, from distributed_config.json or DeepSpeed's config.

Source: accelerate 1.15 parallelism_config.py, ParallelismConfig; accelerator.py, Accelerator.__init__;
utils/dataclasses.py, DeepSpeedSequenceParallelConfig; run: ParallelismConfig.to_json() gives None
"""

from __future__ import annotations

from configlint.core.arithmetic import misfit
from configlint.core.fsdp import is_by_node
from configlint.core.plan import Plan
from configlint.core.values import text

_PREFIX = "PARALLELISM_CONFIG_"


def environment(plan: Plan) -> dict[str, str]:
    """The variables that make Accelerate build the mesh; none where it needs to build none."""
    sizes = _sizes(plan)
    if not sizes:
        return {}
    return {
        "ACCELERATE_USE_PARALLELISM_CONFIG": "true",
        **{_PREFIX + name: str(size) for name, size in sizes.items()},
    }


def keys(plan: Plan) -> dict[str, str]:
    """The same as keys of `parallelism_config` in Accelerate's own file, where the whole prefix is needed: under
    shorter names all sizes stay 1."""
    return {(_PREFIX + name).lower(): str(size) for name, size in _sizes(plan).items()}


def _sizes(plan: Plan) -> dict[str, object]:
    parallel = plan.parallel
    if parallel.tensor != 1:
        return {}
    if parallel.sequence != 1:
        attention = plan.spec.settings.get("model.attention")
        return {
            # DeepSpeed reckons its batch with all of what is no sequence; how ZeRO shards is its own business.
            "DP_REPLICATE_SIZE": parallel.replicas,
            "SP_SIZE": parallel.sequence,
            "SP_BACKEND": "deepspeed",
            "SP_ATTN_IMPLEMENTATION": (text(attention.value) if attention else None) or "sdpa",
        }
    if is_by_node(plan):
        return {}  # a word in the JSON says it
    if parallel.data == "fsdp" and (parallel.copies != 1 or parallel.context != 1):
        return {
            "DP_REPLICATE_SIZE": parallel.copies,
            "DP_SHARD_SIZE": parallel.shard,
            "CP_SIZE": parallel.context,
        }
    return {}


def unreadable(plan: Plan) -> str | None:
    """The mesh in words, where no engine reads it: nothing is better than something else."""
    parallel = plan.parallel
    if misfit(parallel) is None:
        return None
    sizes = {name: getattr(parallel, name) for name in ("shard", "tensor", "context", "sequence")}
    words = [f"{name} {size}" for name, size in sizes.items() if size not in (None, 1)]
    return f"configlint supports no mesh of {parallel.data} with {' x '.join(words)}"
