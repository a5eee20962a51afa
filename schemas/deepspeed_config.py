"""What the installed release of DeepSpeed takes in its config, as deepspeed_config.json beside this file.

    python schemas/deepspeed_config.py && python schemas/generate.py

A section is a pydantic model, which refuses an unknown key, or the mapping at the top, in which a key that nobody
looks up has no effect. A key has `type` (JSON kinds; none where no JSON is taken), `choices`, a range, and `items`
for what a list holds. A parameter of a scheduler has `required` where there is no default. An optimizer has its
parameters on the device and, as NAME.offloaded, on the host. What no model says is noted by hand in
deepspeed_config.yaml; generate.py makes of both what the program loads.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

TARGET = Path(__file__).with_suffix(".json")

KINDS = {
    bool: "boolean", int: "integer", float: "number", str: "string", Path: "string", list: "array", tuple: "array",
    dict: "object", object: "any", Any: "any", NoneType: "null",
}  # fmt: skip
BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}

Facts = dict[str, Any]
Sections = dict[str, dict[str, Facts]]


class Recorded(dict[str, Any]):
    """A mapping that remembers which keys were looked up."""

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self.asked: set[str] = set()

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def keys(self) -> Any:
        return self

    def __copy__(self) -> Recorded:
        return self


def models() -> dict[str, Any]:
    """The pydantic model of each section that is one, those inside others left out.

    `bfloat16` is read where there is no `bf16` only, which the Trainer always writes.
    """
    from deepspeed.comm.config import CommsLoggerConfig
    from deepspeed.compile.config import CompileConfig
    from deepspeed.inference.config import WeightQuantConfig
    from deepspeed.monitor.config import DeepSpeedMonitorConfig
    from deepspeed.runtime.config import HybridEngineConfig
    from deepspeed.runtime.precision_config import DeepSpeedBF16Config, DeepSpeedFP16Config
    from deepspeed.runtime.tensor_parallel.config import TPTrainingConfig
    from deepspeed.runtime.zero.config import DeepSpeedZeroConfig
    from deepspeed.utils.config import DeepSpeedThroughputTimerConfig

    monitors = {name: field.annotation for name, field in DeepSpeedMonitorConfig.model_fields.items()}
    return {
        "bf16": DeepSpeedBF16Config,
        "comms_logger": CommsLoggerConfig,
        "compile": CompileConfig,
        "fp16": DeepSpeedFP16Config,
        "hybrid_engine": HybridEngineConfig,
        "tensor_parallel": TPTrainingConfig,
        "timers.throughput": DeepSpeedThroughputTimerConfig,
        "weight_quantization": WeightQuantConfig,
        "zero_optimization": DeepSpeedZeroConfig,
        **monitors,
    }


def sections() -> Sections:
    """The keys at the top, those that hold mappings of which all keys are known among them, and each section's."""
    from deepspeed.runtime.config import DeepSpeedConfig

    mapping = Recorded({"train_batch_size": 1})
    DeepSpeedConfig(mapping)
    found: Sections = {"": {name: {} for name in sorted(mapping.asked)}}
    for name, model in sorted(models().items()):
        if name in found[""]:
            found[""][name] = {"type": ["object"]}
        found |= dict(_sections(name, model))
    return found


def _sections(path: str, model: Any) -> Iterator[tuple[str, dict[str, Facts]]]:
    """A model's section, and those inside it."""
    keys: dict[str, Facts] = {}
    inside: Sections = {}
    for name, field in model.model_fields.items():
        facts = _facts(field.annotation)
        for bound in field.metadata:
            facts |= {ours: getattr(bound, its) for its, ours in BOUNDS.items() if hasattr(bound, its)}
        for key in dict.fromkeys((field.alias or name, name)):
            keys[key] = facts
            if held := _model(field.annotation):
                inside |= dict(_sections(f"{path}.{key}", held))
    yield path, keys
    yield from inside.items()


def _model(annotation: Any) -> Any:
    """The model that a key holds, if it holds one."""
    return next((each for each in (annotation, *get_args(annotation)) if hasattr(each, "model_fields")), None)


def _facts(annotation: Any) -> Facts:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        found = [_facts(each) for each in inner]
        merged = {key: value for facts in found for key, value in facts.items()}
        return merged | {"type": [kind for facts in found for kind in facts["type"]]}
    if origin is Literal:
        return {"type": ["string"], "choices": list(inner)}
    if origin is list:
        return {"type": ["array"], "items": _facts(inner[0])}
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        choices = list(dict.fromkeys(member.value for member in annotation))
        return {"type": ["string" if isinstance(choices[0], str) else "integer"], "choices": choices}
    if hasattr(annotation, "model_fields"):
        return {"type": ["object"]}
    kind = KINDS.get(origin or annotation)
    return {"type": [kind] if kind else []}


def schedulers() -> Sections:
    """The parameters of each scheduler of DeepSpeed's own."""
    from deepspeed.runtime import lr_schedules

    return {
        name: {
            key: {"required": True} if parameter.default is parameter.empty else {}
            for key, parameter in _parameters(getattr(lr_schedules, name)).items()
        }
        for name in lr_schedules.VALID_LR_SCHEDULES
    }


def optimizers() -> Sections:
    """The parameters of each optimizer that DeepSpeed builds by one of its own names."""
    from deepspeed.ops.adagrad import DeepSpeedCPUAdagrad
    from deepspeed.ops.adam import DeepSpeedCPUAdam, FusedAdam
    from deepspeed.ops.lamb import FusedLamb
    from deepspeed.ops.lion import DeepSpeedCPULion, FusedLion
    from torch.optim import Adagrad

    classes = {
        "adam": FusedAdam,
        "adam.offloaded": DeepSpeedCPUAdam,
        "adagrad": Adagrad,
        "adagrad.offloaded": DeepSpeedCPUAdagrad,
        "lamb": FusedLamb,
        "lamb.offloaded": FusedLamb,
        "lion": FusedLion,
        "lion.offloaded": DeepSpeedCPULion,
    }
    return {name: {key: {} for key in _parameters(made)} for name, made in classes.items()}


def _parameters(made: Any) -> dict[str, inspect.Parameter]:
    """What a class is made with, beside what DeepSpeed hands it in any case."""
    handed = ("self", "optimizer", "params", "model_params", "adamw_mode")
    return {key: each for key, each in inspect.signature(made.__init__).parameters.items() if key not in handed}


def text() -> str:
    """The text of deepspeed_config.json, a key on a line."""
    lines = ["{", f' "release": "{version("deepspeed")}",']
    tables = {"sections": sections(), "schedulers": schedulers(), "optimizers": optimizers()}
    for name, held in tables.items():
        blocks = []
        for section, keys in held.items():
            facts = ",\n".join(f"   {json.dumps(key)}: {json.dumps(facts)}" for key, facts in keys.items())
            blocks.append(f"  {json.dumps(section)}: {{\n{facts}\n  }}")
        lines += [f' "{name}": {{', ",\n".join(blocks), " }," if name != "optimizers" else " }"]
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
