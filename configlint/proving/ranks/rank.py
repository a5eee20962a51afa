"""One rank of a job, set up by the real Trainer, Accelerate and DeepSpeed: which samples would it get?

A question is a job of construct.py with {distributed_config, environment, world, per_node, examples, streams,
length, steps}. The answer is {rank, batches, repeats, cycle, accumulation, claimed, steps_per_epoch, total_steps,
engine, stage, mesh, degrees, deepspeed, aside}; or {rank, unproven}; or {rank, by, error}, the words of the library
that refused.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from importlib import import_module, metadata
from typing import Any

from configlint.proving.ranks import stand_ins, trainers
from configlint.verify import construct

_LIBRARIES = ("transformers", "accelerate", "deepspeed", "trl", "torch")
# To shuffle more takes its time on each rank, and which samples are whose can be seen from these.
_MOST_EXAMPLES = 100_000


def answer(question: dict[str, Any], rank: int) -> dict[str, Any]:
    """What the rank would do; must run in a process of its own."""
    try:
        with tempfile.TemporaryDirectory(prefix="configlint-") as folder:
            return {"rank": rank, **_answer(question, rank, folder)}
    except ImportError as error:
        return {"rank": rank, "unproven": str(error).strip().splitlines()[0]}
    except Exception as error:
        traceback.print_exc()
        return {"rank": rank, **_refused(error)}


def _refused(error: Exception) -> dict[str, str]:
    """The words of the library that the error comes from, or why it is none of a library's."""
    library = _blamed(error)
    # A trainer may miss what its own __init__ would have set.
    bare = isinstance(error, AttributeError) and type(error.obj).__name__.endswith("Trainer")
    said = " ".join(str(error).split())
    if library is None or bare or not said:
        return {"unproven": f"the stand-ins for model and data do not work for this job: {said or repr(error)}"}
    named = said if isinstance(error, ValueError) else f"{type(error).__name__}: {said}"
    return {"by": f"{library} {metadata.version(library)}", "error": named}


def _answer(question: dict[str, Any], rank: int, folder: str) -> dict[str, Any]:
    from transformers import TrainingArguments

    stand_ins.be_cluster()
    stand_ins.be_rank(rank, question["world"], question["per_node"], question["environment"])
    world_size = TrainingArguments.world_size
    result, arguments = construct.constructed(question)
    if result["error"]:
        return {"by": result["by"], "error": result["error"].removeprefix("rejects this: ")}
    engines = [reason for reason in result["unverified"] if reason.startswith(construct.NEEDS_TORCH)]
    if arguments is None or engines:
        return {"unproven": (engines or result["unverified"])[-1]}
    type(arguments).world_size = world_size  # the Trainer's own count is what is asked for
    aside = stand_ins.put_aside(arguments, folder)
    kind = trainers.trainer_class(question)
    examples = stand_ins.examples(question["examples"], question["length"], question["streams"])
    trainer = trainers.made(kind, stand_ins.model(question["distributed_config"]), arguments, examples)
    repeats, cycle = trainers.cycle(trainer)
    found = _counted(trainer, arguments)
    found["deepspeed"] = _deepspeed(trainer, arguments, found["total_steps"])
    found["batches"] = _batches(trainer, question["steps"], found["claimed"])
    left_out = [*result["unverified"], *(f"{name} (requires the machine of the job)" for name in aside)]
    return {
        **found,
        "repeats": repeats,
        "cycle": cycle,
        "aside": [*left_out, *trainers.left_out(trainer, question["trainer"])],
    }


def _counted(trainer: Any, arguments: Any) -> dict[str, Any]:
    """What the Trainer says of itself."""
    _, steps_per_epoch, _, _, claimed, _, total_steps = trainer.set_initial_training_values(
        arguments, trainer.get_train_dataloader()
    )
    plugin = getattr(trainer.accelerator.state, "deepspeed_plugin", None)
    return {
        "accumulation": arguments.gradient_accumulation_steps,
        "claimed": claimed,
        "steps_per_epoch": steps_per_epoch,
        "total_steps": total_steps,
        "engine": trainer.accelerator.distributed_type.value,
        "stage": plugin.zero_stage if plugin else None,
        "mesh": _mesh(trainer),
        "degrees": {
            "tensor": trainer.get_tp_size(),
            "context": trainer.get_cp_size(),
            "sequence": trainer.get_sp_size(),
        },
    }


def _mesh(trainer: Any) -> dict[str, int]:
    """The sizes of the device mesh that the model or Accelerate has, by its own names."""
    loaded = getattr(trainer.model.config, "distributed_config", None)
    if loaded is not None:
        sizes = {"dp_replicate": loaded.dp_replicate_size, "dp_shard": loaded.fsdp_size, "tp": loaded.tp_size}
        return {name: size for name, size in sizes.items() if size != 1}
    mesh = trainer.accelerator.state.device_mesh
    return dict(zip(mesh.mesh_dim_names, mesh.shape, strict=True)) if mesh is not None else {}


def _batches(trainer: Any, steps: int, claimed: int) -> list[list[int]]:
    """The numbers of the examples in the batches of the rank's first steps."""
    examples, count = trainer.train_dataset, steps * trainer.args.gradient_accumulation_steps
    enough = max(_MOST_EXAMPLES, (steps + 1) * claimed)
    if isinstance(examples, stand_ins.Examples):
        trainer.train_dataset = stand_ins.Examples(min(len(examples), enough), examples.length)
    loader = trainer.get_train_dataloader()
    if hasattr(loader, "set_epoch"):
        loader.set_epoch(0)
    return [batch["input_ids"][:, 0].tolist() for batch in trainers.batches(trainer, loader, count)]


def _deepspeed(trainer: Any, arguments: Any, total_steps: int) -> int | None:
    """DeepSpeed's own batch of the filled config; None where it is not used.

    Source: transformers 5.23 integrations/deepspeed.py, trainer_config_finalize; accelerate 1.15 accelerator.py,
    _prepare_deepspeed, which sets the batch of sequence parallelism right at the last moment; deepspeed 0.19
    runtime/config.py
    """
    config = getattr(arguments, "hf_deepspeed_config", None)
    if config is None:
        return None
    config.trainer_config_finalize(arguments, trainer.model, total_steps)
    filled = dict(config.config)
    mesh = trainer.accelerator.parallelism_config
    if mesh is not None and mesh.sp_size > 1:
        filled["sequence_parallel_size"] = mesh.sp_size
        filled["train_batch_size"] = (
            filled["train_micro_batch_size_per_gpu"]
            * filled["gradient_accumulation_steps"]
            * mesh.data_parallel_size
        )
    config_class = stand_ins.import_deepspeed().DeepSpeedConfig
    # Accelerate does it for GPUs only, deepspeed.initialize for all; without it there is one rank.
    import_module("deepspeed.comm").init_distributed()
    batch: int = config_class(filled).train_batch_size
    return batch


def _blamed(error: BaseException) -> str | None:
    """The library whose code the error comes from, or was handed on by last."""
    names = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    packages = [name.partition(".")[0] for name in reversed(names)]
    return next((package for package in packages if package in _LIBRARIES and package in sys.modules), None)
