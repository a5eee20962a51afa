"""The configs that shard a model, read by DeepSpeed and by Transformers; part of ask_readers.py."""

from __future__ import annotations

import math
import os
from importlib import import_module, metadata
from types import SimpleNamespace
from typing import Any

from configlint.verify.reading import Otherwise, compare, read, refused, unread


def import_deepspeed() -> Any:
    """DeepSpeed's config module. It is told what it runs on: looking for it, it warns where it finds a CPU."""
    os.environ["DS_ACCELERATOR"] = "cpu"
    return import_module("deepspeed.runtime.config")


def deepspeed(arguments: Any, job: dict[str, Any]) -> dict[str, Any]:
    """The config in TrainingArguments, filled in as the Trainer does when it has the model, then read as DeepSpeed
    does when it starts.

    Source: transformers 5.23 integrations/deepspeed.py, trainer_config_finalize; deepspeed 0.19 runtime/config.py
    """
    import transformers

    what, by = "deepspeed", f"transformers {transformers.__version__}"
    try:
        module = import_deepspeed()
    except Exception as error:  # it looks for compilers, and says so in its own way
        return unread(what, " ".join(str(error).split()) or repr(error))
    unverified: list[str] = []
    try:
        config = arguments.hf_deepspeed_config
        if job["steps"] is None and config.config.pop("scheduler", None):
            unverified.append("deepspeed's scheduler (the number of steps is unknown)")
        # Of the model it asks for this size only, to make the sizes of buffers of it.
        model = SimpleNamespace(config=SimpleNamespace(hidden_size=job["hidden_size"] or 1))
        config.trainer_config_finalize(arguments, model, job["steps"] or 1)
        by = f"deepspeed {metadata.version('deepspeed')}"
        module.dist.get_rank, module.dist.get_world_size = lambda: 0, lambda group=None: job["world"]
        compare(job["planned"], vars(module.DeepSpeedConfig(config.config)))
    except Exception as error:
        return refused(what, by, error)
    return {**read(what, by), "unverified": unverified}


def distributed_config(job: dict[str, Any]) -> dict[str, Any]:
    """The mesh that a model is loaded on: its sizes must make up the world.

    Source: transformers 5.23 distributed/configuration_utils.py; distributed/utils.py, initialize_distributed_mesh
    """
    import transformers

    from configlint.verify.construct import other_release

    what, by = "distributed_config.json", f"transformers {transformers.__version__}"
    if reason := other_release("transformers", transformers.__version__, job["transformers"]):
        return unread(what, reason)
    try:
        from transformers.distributed.configuration_utils import DistributedConfig

        config = DistributedConfig.from_dict(job["config"])
        sizes = [getattr(config, name) or 1 for name in ("dp_replicate_size", "fsdp_size", "tp_size", "pp_size")]
        if math.prod(sizes) != job["world"]:
            raise Otherwise(f"reads a mesh of {math.prod(sizes)} processes, but {job['world']} are planned")
    except Exception as error:
        return refused(what, by, error)
    return read(what, by)
