"""distributed_config.json: the mesh that a tensor-parallel model itself is loaded on.

The TrainingArguments JSON cannot carry it. All of the mesh is here, the data-parallel part included:
its product must be the world size, and Accelerate takes it over from the model.

Source: transformers 5.23 distributed/configuration_utils.py; distributed/utils.py,
initialize_distributed_mesh; trainer.py, _build_accelerator_args
"""

from __future__ import annotations

from configlint.backends.json_text import dump
from configlint.core.artifact import Artifact
from configlint.core.plan import Plan

_NOTE = "the script must load the model with distributed_config=DistributedConfig.from_dict(json.load(file))"


def loads_sharded(plan: Plan) -> bool:
    """Whether the script loads a model that is cut up already; DeepSpeed cuts it up itself."""
    return plan.parallel.tensor not in (None, 1) and not plan.parallel.uses_deepspeed


def emit(plan: Plan) -> list[Artifact]:
    parallel = plan.parallel
    if not loads_sharded(plan):
        return []
    sharded = parallel.data == "fsdp"
    config: dict[str, object] = {
        "tp_size": parallel.tensor,
        "tp_plan": "auto",
        "fsdp_size": parallel.shard if sharded else 1,
        "dp_replicate_size": parallel.copies if sharded else parallel.replicas,
    }
    if sharded and plan.spec.tree("parallel.fsdp").get("cpu_offload") is True:
        config["fsdp_cpu_offload"] = True
    return [Artifact("distributed_config.json", dump(config) + "\n", note=_NOTE)]
