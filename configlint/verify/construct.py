"""Construct the real config classes; part of ask_readers.py. Tests ask it by its path: it imports nothing else.

A job is {arguments, script, config_class, trainer, transformers, trl, folder, bf16, tf32, world}; a result is
{by, unverified, error}, with {about} where it was the object for DeepSpeed that was being read.
"""

from __future__ import annotations

import dataclasses
import os
from importlib import import_module
from importlib.util import find_spec
from traceback import walk_tb
from typing import Any

# What the class cannot construct without torch, or without the distributed job.
NEEDS_TORCH = ("fsdp", "fsdp_config", "deepspeed", "torch_compile")
NEEDS_THE_JOB = ("ddp_backend",)


def construct(job: dict[str, Any]) -> dict[str, Any]:
    return constructed(job)[0]


def constructed(job: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The result, and what was constructed, if anything was."""
    import transformers

    by = f"transformers {transformers.__version__}"
    unverified: list[str] = []
    try:
        if reason := other_release("transformers", transformers.__version__, job["transformers"]):
            return {"by": None, "unverified": [reason], "error": None}, None
        config_class, reason = _config_class(job)
        if config_class is None:
            return {"by": None, "unverified": [reason], "error": None}, None
        values, unverified = _constructible(job, config_class)
        _answer_for(job, config_class)
        if os.path.isdir(job["folder"]):
            os.chdir(job["folder"])  # where the job will read the files that arguments name
        (arguments,) = transformers.HfArgumentParser(config_class).parse_dict(values)
    except ImportError as error:
        reason = str(error).strip().splitlines()[0]
        return {"by": None, "unverified": [*unverified, reason], "error": None}, None
    except Exception as error:
        said = " ".join(str(error).split()) or repr(error)
        about = {"about": "deepspeed"} if _reads_deepspeed(error) else {}
        return {"by": by, "unverified": unverified, "error": f"rejects this: {said}", **about}, None
    return {"by": by, "unverified": unverified, "error": None}, arguments


def _reads_deepspeed(error: Exception) -> bool:
    """Whether an error comes from what reads the object for DeepSpeed: modules and classes of that name."""
    for frame, _ in walk_tb(error.__traceback__):
        owner = type(frame.f_locals.get("self")).__name__
        if "deepspeed" in os.path.basename(frame.f_code.co_filename) or owner.startswith("DeepSpeed"):
            return True
    return False


def other_release(name: str, installed: str, wanted: str | None) -> str | None:
    """Why what the installed release says is no matter of the spec."""
    if wanted is None or installed.split(".")[:2] == wanted.split(".")[:2]:
        return None
    return f"{name} {installed} is installed, but the spec is for {wanted}"


def _config_class(job: dict[str, Any]) -> tuple[Any, str]:
    """The class that the trainer is configured by, or None and why it cannot be had; for one that is not
    known, the class that it most likely derives from."""
    import transformers

    name = job["config_class"] or "TrainingArguments"
    if hasattr(transformers, name):
        return getattr(transformers, name), ""
    if find_spec("trl") is None:
        return None, f"trl is not installed, but {job['trainer']} requires it"
    import trl

    if reason := other_release("trl", trl.__version__, job["trl"]):
        return None, reason
    if config_class := of_trl(name):
        return config_class, ""
    return None, f"trl {trl.__version__} has no {name}"


def of_trl(name: str) -> Any:
    """A class of TRL, or of its experiment of that name, where ORPO's and CPO's are since 0.26; None where neither
    has it."""
    import trl

    algorithm = name.removesuffix("Trainer").removesuffix("Config").lower()
    try:
        return getattr(trl, name, None) or getattr(import_module(f"trl.experimental.{algorithm}"), name, None)
    except ImportError:
        return None


def _constructible(job: dict[str, Any], config_class: Any) -> tuple[dict[str, Any], list[str]]:
    """The arguments that the class can be given here, and what had to be left out."""
    fields = {field.name for field in dataclasses.fields(config_class) if field.init}
    own = {name: value for name, value in job["arguments"].items() if name in fields or name not in job["script"]}
    left_out = {name: "requires the running job" for name in NEEDS_THE_JOB if name in own}
    if find_spec("torch") is None:
        left_out |= {name: "torch is not installed" for name in NEEDS_TORCH if own.get(name)}
        if own.get("lr_scheduler_type") == "reduce_lr_on_plateau":
            left_out["lr_scheduler_type"] = "torch is not installed"
    elif find_spec("accelerate") is None:
        left_out |= {name: "accelerate is not installed" for name in NEEDS_TORCH if own.get(name)}
    if own.get("deepspeed") and "deepspeed" not in left_out and find_spec("deepspeed") is None:
        left_out["deepspeed"] = "deepspeed is not installed"
    if job["config_class"] is None:
        # A class of the user's own may have fields of its own.
        left_out |= {name: f"the config class of {job['trainer']} is unknown" for name in own if name not in fields}
    kept = {name: value for name, value in own.items() if name not in left_out}
    return kept, [f"{name} ({reason})" for name, reason in left_out.items()]


def constructible(job: dict[str, Any]) -> dict[str, Any]:
    """All arguments but those that the class cannot be given here."""
    kept, _ = _constructible(job, _config_class(job)[0])
    return {name: value for name, value in job["arguments"].items() if name in kept or name in job["script"]}


def _answer_for(job: dict[str, Any], config_class: Any) -> None:
    """Answer as the spec's accelerator and launcher would, where the class asks what the machine can do and how
    many processes there are."""
    from transformers import training_args

    module: Any = training_args
    module.is_torch_bf16_gpu_available = lambda: job["bf16"]
    module.is_torch_tf32_available = lambda: job["tf32"]
    module.enable_tf32 = lambda enable: None
    config_class.world_size = property(lambda arguments: job["world"])
